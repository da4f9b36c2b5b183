package quality_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"penstock/quality"
)

// Invariant I11: order, repeats, replays and bad labels in between change
// nothing.
func TestAccuracyIsAFunctionOfTheSetOfValidLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		predicted := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 50).Draw(t, "predicted")
		truths := make([]int, len(predicted))
		var sent []int // requests in the order of their labels, with repeats
		for i := range predicted {
			truths[i] = rapid.IntRange(-1, 9).Draw(t, "truth") // -1: never labelled
			for range rapid.IntRange(1, 3).Draw(t, "times sent") {
				sent = append(sent, i)
			}
		}
		run := func(order []int, noise bool) any {
			store := newStore(t, digits)
			for i, class := range predicted {
				store.Remember(quality.Prediction{
					ID: fmt.Append(nil, i), Values: []float32{float32(class)}, Confidences: []float32{0.75},
				})
			}
			for _, i := range order {
				if noise {
					_, _ = store.Label(0, fmt.Append(nil, i), []quality.Label{text("no class")})
					_, _ = store.Label(1, fmt.Append(nil, i), []quality.Label{text("0")})
				}
				if truths[i] >= 0 {
					_, _ = store.LabelIndices(0, fmt.Append(nil, i), []float32{float32(truths[i])})
				}
			}
			snapshot := store.Snapshot()[0]
			snapshot.LabelDelay = nil // the clock runs on
			return snapshot
		}
		once := make([]int, len(predicted))
		for i := range once {
			once[i] = i
		}
		shuffled := append([]int(nil), sent...)
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		want, got := run(once, false), run(shuffled, true)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("shuffled and repeated: %+v\nonce in order: %+v", got, want)
		}
	})
}

// The bounded store against a plain list: same answers for any mix of
// predictions and labels.
func TestStoreAgainstAPlainList(t *testing.T) {
	type request struct {
		id, rows int
		done     bool
	}
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.IntRange(1, 40).Draw(t, "bound")
		store, err := quality.New(quality.Options{Models: []quality.Model{digits}, Remember: bound})
		if err != nil {
			t.Fatal(err)
		}
		var list []*request // oldest first; a replaced one stays with id -1
		find := func(id int) *request {
			for _, r := range list {
				if r.id == id {
					return r
				}
			}
			return nil
		}
		held := func() (rows int) {
			for _, r := range list {
				rows += r.rows
			}
			return rows
		}
		id := rapid.IntRange(0, 30)
		t.Repeat(map[string]func(*rapid.T){
			"predict": func(t *rapid.T) {
				r := &request{id: id.Draw(t, "id"), rows: rapid.IntRange(1, bound).Draw(t, "rows")}
				if old := find(r.id); old != nil {
					old.id = -1
				}
				list = append(list, r)
				for held() > bound {
					list = list[1:]
				}
				store.Remember(quality.Prediction{ID: fmt.Append(nil, r.id), Values: make([]float32, r.rows)})
			},
			"label": func(t *rapid.T) {
				n := id.Draw(t, "id")
				r := find(n)
				rows, want := 1, error(nil)
				switch {
				case r == nil:
					want = quality.ErrUnknownRequest
				case r.done:
					want = quality.ErrDuplicateFeedback
				default:
					rows, r.done = r.rows, true
				}
				if _, err := store.LabelIndices(0, fmt.Append(nil, n), make([]float32, rows)); !errors.Is(err, want) {
					t.Fatalf("label of %d: %v; expected %v", n, err, want)
				}
			},
		})
	})
}
