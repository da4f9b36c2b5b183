package measure_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"penstock/quality"
	"penstock/quality/measure"
)

func TestTalliesSurviveTheDisk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tally := drawTally(t, "tally")
		data, err := tally.AppendBinary([]byte("before"))
		if err != nil || string(data[:6]) != "before" {
			t.Fatalf("appending gave %v, %q", err, data)
		}
		var read measure.Tally
		if err := read.UnmarshalBinary(data[6:]); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read, tally) {
			t.Fatalf("read %+v; expected %+v", read, tally)
		}
	})
}

// TestTalliesAreSmall: a year has half a million minutes.
func TestTalliesAreSmall(t *testing.T) {
	var empty measure.Tally
	if n := len(encoded(t, &empty)); n > 8 {
		t.Errorf("a tally of nothing takes %d bytes; expected 8 at most", n)
	}
	minute := tallied(classRows(make([]bool, 600), 0.9))
	minute.AddActivity(&quality.Activity{Predicted: 600, Sure: 600, Confidence: 540})
	if n := len(encoded(t, minute)); n > 80 {
		t.Errorf("a minute takes %d bytes; expected 80 at most", n)
	}
}

func encoded(t *testing.T, tally *measure.Tally) []byte {
	t.Helper()
	data, err := tally.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestOlderTalliesAreRead pins the form on disk: of a release that knew fewer counts and
// sums, or had nothing to put there.
func TestOlderTalliesAreRead(t *testing.T) {
	data := []byte{1 /* version */, 3, 10, 3 /* predicted, forgotten */, 0 /* sums */, 0, 0 /* bins */, 0 /* values */}
	var tally measure.Tally
	if err := tally.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if want := (measure.Tally{Predicted: 10, Forgotten: 3}); !reflect.DeepEqual(tally, want) {
		t.Errorf("read %+v; expected %+v", tally, want)
	}
}

func TestTalliesThatCannotBeReadAreRefused(t *testing.T) {
	valid := encoded(t, tallied(classRows([]bool{true, false}, 0.9)))
	float := func(x float64) []byte {
		return binary.LittleEndian.AppendUint64([]byte{1, 0, 1}, math.Float64bits(x))
	}
	cases := map[string][]byte{
		"nothing":            nil,
		"a newer version":    append([]byte{2}, valid[1:]...),
		"more counts":        {1, 0x80, 0x80, 0x02, 0, 0, 0, 0, 0},
		"more sums":          {1, 0, 0x80, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"NaN":                append(float(math.NaN()), 0, 0, 0),
		"infinity":           append(float(math.Inf(1)), 0, 0, 0),
		"too many bins":      {1, 0, 0, 0x80, 0x80, 0x02, 0, 0},
		"raw bins of a kind": {1, 0, 0, 0, 2, 0},
		"too many values":    {1, 0, 0, 0, 0, measure.MaxValues + 1},
		"a number too large": {1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"a byte too many":    append(valid[:len(valid):len(valid)], 0),
	}
	for n := range valid {
		cases[fmt.Sprintf("the first %d bytes", n)] = valid[:n]
	}
	for name, data := range cases {
		tally := measure.Tally{Predicted: 7}
		var refused *measure.DecodeError
		if err := tally.UnmarshalBinary(data); !errors.As(err, &refused) || refused.Offset > len(data) {
			t.Errorf("%s: the error is %v; expected a *DecodeError", name, err)
		}
		if !reflect.DeepEqual(tally, measure.Tally{Predicted: 7}) {
			t.Errorf("%s: the tally changed to %+v", name, tally)
		}
	}
}

func FuzzTally(f *testing.F) {
	for _, tally := range []*measure.Tally{
		{},
		{Predicted: 1000, Sure: 1000, Confidence: 912.25},
		tallied(classRows([]bool{true, false, true}, 0.75)),
		{Measured: 2, AbsoluteSum: 3, SquaredSum: 5, Values: []measure.Value{{Rows: 2, Mean: 1, Spread: 2, Residual: 5}}},
	} {
		data, err := tally.AppendBinary(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var tally measure.Tally
		if err := tally.UnmarshalBinary(data); err != nil {
			var refused *measure.DecodeError
			if !errors.As(err, &refused) {
				t.Fatalf("the error is %v; expected a *DecodeError", err)
			}
			return
		}
		if again := backFromDisk(t, &tally); !reflect.DeepEqual(again, tally) {
			t.Fatalf("read again it is %+v; expected %+v", again, tally)
		}
		for name, x := range measures(&tally) {
			if x != nil && (math.IsNaN(*x) || math.IsInf(*x, 0)) {
				t.Errorf("%s is %v", name, *x)
			}
		}
	})
}
