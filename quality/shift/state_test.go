package shift_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"penstock/model"
	"penstock/quality/shift"
)

// answering gives rows with answers; from moved on, classes and confidences are others.
func answering(d *shift.Detector, random *rand.Rand, rows int, moved bool) {
	for range rows {
		class, confidence := float32(random.IntN(2)), 0.5+random.Float32()/2
		if moved {
			class, confidence = float32(min(1, random.IntN(4))), confidence*confidence
		}
		d.Add([]float32{random.Float32(), float32(random.NormFloat64())}, []float32{class}, confidence)
	}
}

// TestRestart: a detector that takes up another's state goes on as that one does,
// whenever it is taken.
func TestRestart(t *testing.T) {
	ref := referenceOf(table(2), normal(rand.New(rand.NewPCG(1, 2)), 2, 1000, nil))
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		before := rapid.IntRange(0, 9000).Draw(t, "rows before")
		after := rapid.IntRange(0, 3000).Draw(t, "rows after")
		moved := rapid.Bool().Draw(t, "moved")
		one, other := shift.New(ref, table(2)), shift.New(ref, table(2))
		answering(one, rand.New(rand.NewPCG(seed, 1)), before, moved)
		state, err := one.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.UnmarshalBinary(state); err != nil {
			t.Fatal(err)
		}
		again, _ := other.AppendBinary(nil)
		if !bytes.Equal(again, state) {
			t.Fatal("the state of the second is another")
		}
		answering(one, rand.New(rand.NewPCG(seed, 2)), after, !moved)
		answering(other, rand.New(rand.NewPCG(seed, 2)), after, !moved)
		if a, b := one.Report(), other.Report(); !reflect.DeepEqual(a, b) {
			t.Fatalf("the first reports %+v, the second %+v", a, b)
		}
	})
}

func TestStateOfAnother(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 3))
	d := shift.New(referenceOf(table(2), normal(random, 2, 1000, nil)), table(2))
	answering(d, random, 700, false)
	state, err := d.AppendBinary([]byte("head"))
	if err != nil || !bytes.HasPrefix(state, []byte("head")) {
		t.Fatalf("%q, %v", state[:8], err)
	}
	state = state[len("head"):]
	newer := bytes.Clone(state)
	newer[0]++
	for name, c := range map[string]struct {
		d     *shift.Detector
		state []byte
		want  error
	}{
		"another reference": {shift.New(referenceOf(table(2), normal(random, 2, 1000, nil)), table(2)), state, shift.ErrReference},
		"no reference":      {shift.New(nil, table(2)), state, shift.ErrReference},
		"newer":             {d, newer, shift.ErrVersion},
		"cut":               {d, state[:len(state)-1], shift.ErrDamaged},
		"more":              {d, append(bytes.Clone(state), 0), shift.ErrDamaged},
		"empty":             {d, nil, shift.ErrDamaged},
	} {
		was, _ := c.d.AppendBinary(nil)
		err := c.d.UnmarshalBinary(c.state)
		var told *shift.StateError
		if !errors.Is(err, c.want) || !errors.As(err, &told) {
			t.Errorf("%s: %v; want %v", name, err, c.want)
		}
		if is, _ := c.d.AppendBinary(nil); !bytes.Equal(is, was) {
			t.Errorf("%s: the detector has changed", name)
		}
	}
}

// FuzzState: no state makes a detector panic, and one that is taken up is written
// again as something that is taken up.
func FuzzState(f *testing.F) {
	spec := table(2)
	spec.Columns = []model.Column{{Name: "a", Kind: model.Number}, {Name: "b", Kind: model.Category, Categories: []string{"x", "y"}}}
	random := rand.New(rand.NewPCG(1, 4))
	sample := make([]float64, 2000)
	for i := range sample {
		sample[i] = float64(random.IntN(2))
	}
	ref := referenceOf(spec, sample)
	for _, rows := range []int{0, 30, 700, 6100} {
		d := shift.New(ref, spec)
		for range rows {
			d.Add([]float32{float32(random.IntN(2)), float32(random.IntN(3))}, []float32{float32(random.IntN(2))}, random.Float32())
		}
		state, _ := d.AppendBinary(nil)
		if rows > 700 {
			state = state[:len(state):len(state)]
		}
		f.Add(state)
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		d := shift.New(ref, spec)
		if err := d.UnmarshalBinary(state); err != nil {
			var told *shift.StateError
			if !errors.As(err, &told) {
				t.Fatalf("%v is no StateError", err)
			}
			return
		}
		d.Report()
		for range shift.Window {
			d.Add([]float32{1, 2}, []float32{1}, 0.5)
		}
		d.Report()
		again, err := d.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := shift.New(ref, spec).UnmarshalBinary(again); err != nil {
			t.Fatal(err)
		}
	})
}
