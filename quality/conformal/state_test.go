package conformal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penstock/quality/conformal"
)

// TestStateGoesOn: a window that was kept and read again cannot be told from one that
// went on.
func TestStateGoesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float32Range(-5, 5)
		w := conformal.New(0.1, 0.3)
		before := rapid.IntRange(0, 2500).Draw(t, "before")
		seed := x.Draw(t, "seed")
		callers := rapid.Uint64Range(1, 5).Draw(t, "callers")
		for i := range before {
			w.AddOf(float32(math.Sin(float64(i)+float64(seed))), uint64(i*i)%callers, int64(i)*int64(time.Second))
		}
		state, err := w.AppendBinary([]byte("head"))
		if err != nil {
			t.Fatal(err)
		}
		again := conformal.New()
		if err := again.UnmarshalBinary(state[4:]); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			one, caller := x.Draw(t, "after"), rapid.Uint64Range(0, 9).Draw(t, "caller")
			w.AddOf(one, caller, int64(before+i)*int64(time.Second))
			again.AddOf(one, caller, int64(before+i)*int64(time.Second))
		}
		a, _ := w.AppendBinary(nil)
		b, _ := again.AppendBinary(nil)
		if !bytes.Equal(a, b) || w.Threshold(0.2) != again.Threshold(0.2) {
			t.Fatal("the window that was read goes on otherwise")
		}
	})
}

func TestStateRefused(t *testing.T) {
	w := conformal.New(0.1, 0.3)
	for range 20 {
		w.Add(0.5)
	}
	good, _ := w.AppendBinary(nil)
	changed := func(at int, with ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], with)
		return b
	}
	double := func(x float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)) }
	nan := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.NaN())))
	for name, b := range map[string][]byte{
		"empty": {}, "version": changed(0, 9), "short": good[:8], "cut": good[:len(good)-1], "long": append(bytes.Clone(good), 0),
		"pace": changed(1, double(math.NaN())...), "no alphas": changed(9, 0), "rows": changed(10, 255, 255),
		"alpha": changed(12, double(0.5)...), "level": changed(20, double(0.9)...), "conformity": changed(12+32+17, nan...), "counted": changed(12+32+16, 2),
	} {
		var wrong *conformal.StateError
		if err := w.UnmarshalBinary(b); !errors.As(err, &wrong) {
			t.Errorf("%s: the error is %v", name, err)
		}
		if same, _ := w.AppendBinary(nil); !bytes.Equal(same, good) {
			t.Errorf("%s: the window changed", name)
		}
	}
}

// FuzzState: what is read can be written, the same, and used.
func FuzzState(f *testing.F) {
	for _, n := range []int{0, 3, 40} {
		w := conformal.New()
		for i := range n {
			w.Add(float32(i))
		}
		b, _ := w.AppendBinary(nil)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w := conformal.New()
		if w.UnmarshalBinary(b) != nil {
			return
		}
		again, _ := w.AppendBinary(nil)
		if !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x", b, again)
		}
		for range 3 {
			w.Add(0.5)
		}
		if level := w.Level(0.1); !(level > 0 && level < 1) {
			t.Errorf("the level of 0.1 is %v", level)
		}
	})
}
