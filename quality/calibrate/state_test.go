package calibrate_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"time"

	"penstock/quality/calibrate"
)

// TestStateGoesOn: a fitter that was kept and read again makes the same changes as one
// that went on, wherever it was cut.
func TestStateGoesOn(t *testing.T) {
	for _, cut := range []int{0, 1, 249, 250, 1999, 2000, 2001, 3100, 5777} {
		a, r := calibrate.NewFitter(), rng(8)
		feed(a, r, cut, asSaid, tenth)
		feed(a, r, cut, tooSure, tenth)
		a.Freeze(cut == 249)
		state, err := a.AppendBinary([]byte("head"))
		if err != nil {
			t.Fatal(err)
		}
		b := calibrate.NewFitter()
		if err := b.UnmarshalBinary(state[4:]); err != nil {
			t.Fatal(err)
		}
		same := a.Report() == b.Report()
		if b.Frozen() != a.Frozen() || *a.Current() != *b.Current() || !same {
			t.Errorf("cut at %d: %v and %+v; expected %v and %+v", cut, b.Current(), b.Report(), a.Current(), a.Report())
		}
		feed(a, rng(9), 3000, tooSure, tenth)
		feed(b, rng(9), 3000, tooSure, tenth)
		c, _ := a.AppendBinary(nil)
		d, _ := b.AppendBinary(nil)
		if *a.Current() != *b.Current() || !bytes.Equal(c, d) {
			t.Errorf("cut at %d: the fitter that was read goes on otherwise: %v, %v", cut, a.Current(), b.Current())
		}
	}
}

func TestStateRefused(t *testing.T) {
	f := calibrate.NewFitter()
	feed(f, rng(10), 300, tooSure, tenth)
	good, _ := f.AppendBinary(nil)
	changed := func(at int, with ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], with)
		return b
	}
	double := func(x float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)) }
	single := func(x float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)) }
	for name, b := range map[string][]byte{
		"empty": {}, "version": changed(0, 7), "short": good[:20], "cut": good[:len(good)-1], "long": append(bytes.Clone(good), 1),
		"frozen": changed(1, 2), "kind": changed(2, 9), "a slope that falls": changed(2, append([]byte{2}, double(-1)...)...),
		"counted": changed(41+16, 2), "since": changed(27, 255, 255), "settles": changed(29, 255, 255), "rows": changed(31, 255, 255),
		"confidence": changed(41+17, single(1.5)...), "no confidence": changed(41+17, single(float32(math.NaN()))...),
	} {
		var wrong *calibrate.StateError
		if err := f.UnmarshalBinary(b); !errors.As(err, &wrong) {
			t.Errorf("%s: the error is %v", name, err)
		}
		if same, _ := f.AppendBinary(nil); !bytes.Equal(same, good) {
			t.Errorf("%s: the fitter changed", name)
		}
	}
}

// FuzzState: what is read can be written, the same, and used.
func FuzzState(f *testing.F) {
	for _, n := range []int{0, 3, 300} {
		fitter := calibrate.NewFitter()
		feed(fitter, rng(11), n, func(float64) float64 { return 0 }, tenth)
		b, _ := fitter.AppendBinary(nil)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fitter := calibrate.NewFitter()
		if fitter.UnmarshalBinary(b) != nil {
			return
		}
		again, _ := fitter.AppendBinary(nil)
		if !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x", b, again)
		}
		feed(fitter, rng(12), 2*calibrate.Every, asSaid, tenth)
		if p := fitter.Current().Apply(0.7); !(p >= 0 && p <= 1) {
			t.Errorf("0.7 is shown as %v by %+v", p, *fitter.Current())
		}
	})
}

// TestEveryCalibratorIsReadAgain: also one whose slope is the least that there is, where
// confidences tell nothing, whatever was in force before.
func TestEveryCalibratorIsReadAgain(t *testing.T) {
	changes := 0
	for seed := range uint64(40) {
		f, r := calibrate.NewFitter(), rng(seed)
		for i := range 4000 {
			p := 0.5 + r.Float32()/2
			if f.AddAt(p, r.Float32() < 0.5, 1, int64(i)*int64(time.Second)) == nil {
				continue
			}
			changes++
			kept, _ := f.AppendBinary(nil)
			if err := calibrate.NewFitter().UnmarshalBinary(kept); err != nil {
				t.Fatalf("seed %d, after %d rows: %v", seed, i+1, err)
			}
		}
	}
	if changes < 20 {
		t.Errorf("%d changes: too few to prove anything", changes)
	}
}
