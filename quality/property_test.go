package quality_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"penstock/quality"
)

// Order, repeats, replays and bad labels in between change nothing.
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
					_, _ = store.Label(quality.Scope{}, fmt.Append(nil, i), []quality.Label{text("no class")}, nil)
					_, _ = store.Label(scopeOf(1), fmt.Append(nil, i), []quality.Label{text("0")}, nil)
				}
				if truths[i] >= 0 {
					_, _ = store.LabelIndices(quality.Scope{}, fmt.Append(nil, i), []float32{float32(truths[i])}, nil)
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
