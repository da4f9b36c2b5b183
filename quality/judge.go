package quality

import (
	"fmt"
	"math"
	"strconv"
)

// judge turns what a client sent as a label into a number that compares with
// a prediction: the index of a class, or the value itself.
type judge struct {
	classes []string
	names   names
}

func newJudge(m Model) judge { return judge{classes: m.Classes, names: newNames(m.Classes)} }

func (j *judge) regression() bool { return len(j.classes) == 0 }

func (j *judge) label(row int, l Label) (float64, error) {
	if l.IsText {
		if i, ok := j.names.written[l.Text]; ok {
			return float64(i), nil
		}
		return 0, j.bad(row, quoted(l.Text))
	}
	digits := l.Text
	if digits == "" {
		digits = number(l.Number)
	}
	if j.regression() {
		return j.value(row, l.Number, digits)
	}
	switch i, ok := j.names.number(digits); {
	case !ok:
		return 0, j.bad(row, shortened(digits))
	case i == several:
		return 0, &BadLabelError{Row: row, Got: shortened(digits), Expected: "the name of one class as a string: several are this number"}
	default:
		return float64(i), nil
	}
}

func (j *judge) labelIndex(row int, value float32) (float64, error) {
	if j.regression() {
		return j.value(row, float64(value), number(float64(value)))
	}
	if i := int(value); float32(i) != value || i < 0 || i >= len(j.classes) {
		return 0, &BadLabelError{
			Row:      row,
			Got:      number(float64(value)),
			Expected: fmt.Sprintf("a class index from 0 to %d", len(j.classes)-1),
		}
	}
	return float64(value), nil
}

// value accepts what a float32 can hold. Predictions are float32, and squares
// of differences between such numbers can be summed for ever without overflow.
func (j *judge) value(row int, x float64, digits string) (float64, error) {
	if math.IsNaN(x) || math.Abs(x) > math.MaxFloat32 {
		return 0, j.bad(row, shortened(digits))
	}
	return x, nil
}

func (j *judge) bad(row int, got string) error {
	expected := "a finite number within the range of float32"
	if !j.regression() {
		expected = oneOf(j.classes)
	}
	return &BadLabelError{Row: row, Got: got, Expected: expected}
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
