package quality_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"penstock/quality"
)

func text(s string) quality.Label    { return quality.Label{Text: s, IsText: true} }
func number(x float64) quality.Label { return quality.Label{Number: x} }

func TestLabelsThatAreAccepted(t *testing.T) {
	pets := served{Name: "pets", Classes: []string{"cat", "dog", "1.5"}}
	cases := []struct {
		name    string
		model   served
		labels  []quality.Label
		correct []bool
	}{
		{"class name", digits, []quality.Label{text("3")}, []bool{true}},
		{"number for a class name", digits, []quality.Label{number(3)}, []bool{true}},
		{"fraction for a class name", pets, []quality.Label{number(1.5)}, []bool{false}},
		{"wrong class", digits, []quality.Label{text("4")}, []bool{false}},
		{"one per row", digits, []quality.Label{text("3"), number(0), text("3")}, []bool{true, false, true}},
		{"regression", prices, []quality.Label{number(-2.5)}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			store := newStore(t, c.model)
			id := []byte(`"a"`)
			values := slices.Repeat([]float32{3}, len(c.labels))
			store.Remember(quality.Prediction{ID: id, Values: values})
			got, err := store.Label(quality.Scope{}, id, c.labels, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Correct, c.correct) || got.Rows != len(c.labels) {
				t.Errorf("correct %v of %d rows; expected %v", got.Correct, got.Rows, c.correct)
			}
		})
	}
}

// sent is a number as a client wrote it.
func sent(digits string) quality.Label {
	value, err := strconv.ParseFloat(digits, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		panic(err)
	}
	return quality.Label{Text: digits, Number: value}
}

// TestNumbersMeanClasses: by the digits as they were written, or else by value,
// of which no digit is lost.
func TestNumbersMeanClasses(t *testing.T) {
	floats := []string{"0.0", "1.0", "2.5", "1e-05", "-3.0", "cat"} // what Python's str makes of targets
	large := []string{"9007199254740992", "9007199254740993", "9007199254740994"}
	twice := []string{"1", "1.0", "0", "-0", "2", "07"}
	for _, c := range []struct {
		classes []string
		label   string
		want    string // "": none, "several": more than one
	}{
		{floats, "0.0", "0.0"}, {floats, "0", "0.0"}, {floats, "-0", "0.0"}, {floats, "0e9", "0.0"}, {floats, "1", "1.0"}, {floats, "10e-1", "1.0"},
		{floats, "2.50", "2.5"}, {floats, "25e-1", "2.5"}, {floats, "0.00001", "1e-05"}, {floats, "1E-5", "1e-05"}, {floats, "-3", "-3.0"}, {floats, "3", ""},
		{floats, "2.5000000000000000000001", ""}, {floats, "1e-400", ""},
		{large, "9007199254740993", "9007199254740993"}, {large, "9007199254740992", "9007199254740992"}, {large, "9007199254740994.0", "9007199254740994"},
		{large, "9007199254740995", ""}, {large, "9.007199254740993e15", "9007199254740993"},
		{twice, "1", "1"}, {twice, "1.0", "1.0"}, {twice, "1.00", "several"}, {twice, "1e0", "several"}, {twice, "0", "0"}, {twice, "-0", "-0"}, {twice, "0.0", "several"},
		{twice, "2.0", "2"}, {twice, "7", "07"}, {digitNames, "3.0", "3"}, {digitNames, "3", "3"}, {digitNames, "3.5", ""}, {digitNames, "1e1", ""},
		{[]string{"", "-", ".", "e5", "1e", "1e5x", "NaN", "0x10", "1_0"}, "100000", ""}, {[]string{"", "-", "+1", "."}, "1", "+1"},
		{floats, "0e99999999999999999999", "0.0"}, {floats, "-0.0E-99999999999999999999", "0.0"}, {floats, "1e99999999999999999999", ""},
		{[]string{"1e400", "10e399", "1e401"}, "1e400", "1e400"}, {[]string{"1e400", "1e401"}, "100e399", "1e401"}, {[]string{"1e400", "10e399"}, "1.0e400", "several"},
		{[]string{"1e99999999999", "2e99999999999"}, "1e99999999999", "1e99999999999"}, {[]string{"1e99999999999"}, "10e99999999998", ""},
		{[]string{"1"}, "1." + strings.Repeat("0", 1<<20), ""},
	} {
		for predicted, class := range c.classes {
			store := newStore(t, served{Name: "m", Classes: c.classes})
			store.Remember(quality.Prediction{ID: []byte("1"), Values: []float32{float32(predicted)}})
			result, err := store.Label(quality.Scope{}, []byte("1"), []quality.Label{sent(c.label)}, nil)
			var bad *quality.BadLabelError
			switch {
			case c.want == "" || c.want == "several":
				if !errors.As(err, &bad) || strings.Contains(bad.Expected, "several") != (c.want == "several") {
					t.Errorf("%.40s among %q: %v, %v; want a bad label", c.label, c.classes, result, err)
				}
			case err != nil || result.Correct[0] != (class == c.want):
				t.Errorf("%.40s among %q, predicted %q: %v, %v; want it to mean %q", c.label, c.classes, class, result.Correct, err, c.want)
			}
		}
	}
}

var digitNames = digits.Classes

// TestEqualNumbersAreEqual, against math/big.
func TestEqualNumbersAreEqual(t *testing.T) {
	decimal := rapid.Custom(func(t *rapid.T) string {
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
	})
	rapid.Check(t, func(t *rapid.T) {
		class, label := decimal.Draw(t, "class"), decimal.Draw(t, "label")
		if rapid.Bool().Draw(t, "scaled") { // the same value, or one that is near
			label = strings.Split(strings.ToLower(class), "e")[0] + "0e" + rapid.SampledFrom([]string{"0", "1", "-1"}).Draw(t, "power")
		}
		a, _ := new(big.Rat).SetString(class)
		b, _ := new(big.Rat).SetString(label)
		store := newStore(t, served{Name: "m", Classes: []string{class, "other"}})
		store.Remember(quality.Prediction{ID: []byte("1"), Values: []float32{0}})
		_, err := store.Label(quality.Scope{}, []byte("1"), []quality.Label{{Text: label}}, nil)
		if (err == nil) != (a.Cmp(b) == 0) {
			t.Fatalf("%s for the class %s: %v", label, class, err)
		}
	})
}

func TestLabelsThatAreRefused(t *testing.T) {
	many := served{Name: "many", Classes: strings.Fields("a b c d e f g")}
	cases := []struct {
		name   string
		model  served
		labels []quality.Label
		want   string
	}{
		{"unknown class", digits, []quality.Label{text("cat")},
			`label of row 0 is "cat"; expected one of the 10 classes: "0", "1", "2", "3", "4", …`},
		{"few classes are all named", served{Name: "m", Classes: []string{"yes", "no"}},
			[]quality.Label{text("maybe")}, `expected one of "yes", "no"`},
		{"second row", digits, []quality.Label{text("1"), number(10)}, "label of row 1 is 10"},
		{"fraction", digits, []quality.Label{number(3.5)}, "label of row 0 is 3.5"},
		{"index where names are letters", many, []quality.Label{number(0)}, "one of the 7 classes"},
		{"too few", digits, nil, "got 0 labels; expected 1, one per predicted row"},
		{"text for a regression", prices, []quality.Label{text("12")}, "expected a finite number"},
		{"NaN", prices, []quality.Label{number(math.NaN())}, "label of row 0 is NaN"},
		{"beyond float32", prices, []quality.Label{number(1e39)}, "label of row 0 is 1e+39"},
		{"beyond float64", prices, []quality.Label{sent("1e400")}, "label of row 0 is 1e400"},
		{"digits are shortened", prices, []quality.Label{sent(strings.Repeat("1", 1000))}, "1…; expected"},
		{"long text is shortened", digits, []quality.Label{text(strings.Repeat("é", 1000))}, `é…"; expected`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			store := newStore(t, c.model)
			id := []byte("1")
			rows := max(1, len(c.labels))
			store.Remember(quality.Prediction{ID: id, Values: make([]float32, rows)})
			_, err := store.Label(quality.Scope{}, id, c.labels, nil)
			var bad *quality.BadLabelError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is %v; expected a BadLabelError with %q", err, c.want)
			}
			if len(err.Error()) > 250 {
				t.Errorf("message of %d bytes", len(err.Error()))
			}
			if counts := store.Counts(nil)[0]; counts.Labelled != 0 {
				t.Errorf("%d rows counted", counts.Labelled)
			}
			if _, err := store.LabelIndices(quality.Scope{}, id, make([]float32, rows), nil); err != nil {
				t.Errorf("a valid label afterwards: %v", err)
			}
		})
	}
}

func TestLabelIndices(t *testing.T) {
	store := newStore(t, digits)
	store.Remember(quality.Prediction{ID: []byte("1"), Values: []float32{3, 9}})
	for _, bad := range []float32{-1, 10, 0.5, float32(math.NaN()), float32(math.Inf(1)), 3e38} {
		_, err := store.LabelIndices(quality.Scope{}, []byte("1"), []float32{3, bad}, nil)
		var badLabel *quality.BadLabelError
		if !errors.As(err, &badLabel) || badLabel.Expected != "a class index from 0 to 9" {
			t.Errorf("index %v: %v", bad, err)
		}
	}
	got, err := store.LabelIndices(quality.Scope{}, []byte("1"), []float32{3, 0}, nil)
	if err != nil || !slices.Equal(got.Correct, []bool{true, false}) {
		t.Errorf("%v, %v", got.Correct, err)
	}
}

func TestEachPredictionCountsOnceForItsOwner(t *testing.T) {
	store := newStore(t, digits)
	ann, bob := store.Scope("ann", "s"), store.Scope("bob", "s")
	id := []byte(`"r1"`)
	store.Remember(quality.Prediction{Scope: ann, ID: id, Values: []float32{1}})
	if _, err := store.Label(bob, id, []quality.Label{text("1")}, nil); !errors.Is(err, quality.ErrUnknownRequest) {
		t.Errorf("someone else's prediction: %v", err)
	}
	if _, err := store.Label(ann, []byte("null"), nil, nil); !errors.Is(err, quality.ErrUnknownRequest) {
		t.Errorf("no id: %v", err)
	}
	if _, err := store.Label(ann, id, []quality.Label{text("1")}, nil); err != nil {
		t.Error(err)
	}
	for _, again := range []string{"1", "2", "no class"} {
		if _, err := store.Label(ann, id, []quality.Label{text(again)}, nil); !errors.Is(err, quality.ErrDuplicateFeedback) {
			t.Errorf("again %q: %v", again, err)
		}
	}
	if got := store.Counts(nil)[0]; got.Labelled != 1 || got.Correct != 1 {
		t.Errorf("labelled %d, correct %d; expected 1 and 1", got.Labelled, got.Correct)
	}
}
