package quality

import (
	"fmt"
	"math"
	"strconv"
)

// valuesJudge judges numbers. A prediction is as many numbers, without
// confidences.
type valuesJudge struct {
	sums []valueSums
	rows uint64
}

type valueSums struct{ absolute, squared float64 }

// ValueErrors are those of one value of an output, over the labelled rows, in
// its unit.
type ValueErrors struct{ MeanAbsoluteError, RootMeanSquareError float64 }

// NewValuesJudge judges a regression of width values. The label of a row is a
// finite number in the range of float32, or where width is more than 1 a list of
// as many; in a binary frame, width numbers. A width below 1 is a programmer's
// error and panics.
func NewValuesJudge(width int) Judge {
	if width < 1 {
		panic("quality: a values judge needs a width of 1 or more")
	}
	return &valuesJudge{sums: make([]valueSums, width)}
}

func (j *valuesJudge) Measure() Measure { return Distance }

func (j *valuesJudge) Width() int { return len(j.sums) }

func (j *valuesJudge) LabelWidth() int { return len(j.sums) }

func (j *valuesJudge) Read(dst []float64, row int, l Label) ([]float64, error) {
	if len(j.sums) == 1 {
		return j.read(dst, row, l)
	}
	if !l.IsList || len(l.List) != len(j.sums) {
		return nil, j.bad(row, l.described())
	}
	var err error
	for _, one := range l.List {
		if dst, err = j.read(dst, row, one); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func (j *valuesJudge) read(dst []float64, row int, l Label) ([]float64, error) {
	if l.IsText || l.IsList || !inRange(l.Number) {
		return nil, j.bad(row, l.described())
	}
	return append(dst, l.Number), nil
}

func (j *valuesJudge) ReadBinary(dst []float64, row int, values []float32) ([]float64, error) {
	for _, value := range values {
		if !inRange(float64(value)) {
			return nil, j.bad(row, number(float64(value)))
		}
		dst = append(dst, float64(value))
	}
	return dst, nil
}

// inRange accepts what a float32 can hold. Predictions are float32, and squares
// of differences between such numbers can be summed for ever without overflow.
func inRange(x float64) bool { return math.Abs(x) <= math.MaxFloat32 }

func (j *valuesJudge) bad(row int, got string) error {
	expected := "a finite number within the range of float32"
	if n := len(j.sums); n > 1 {
		expected = fmt.Sprintf("a list of %d finite numbers within the range of float32", n)
	}
	return &BadLabelError{Row: row, Got: got, Expected: expected}
}

func (j *valuesJudge) Judge(values, _ []float32, truth []float64) (v Verdict) {
	j.rows++
	for i := range j.sums {
		off := math.Abs(float64(values[i]) - truth[i])
		j.sums[i].absolute += off
		j.sums[i].squared += off * off
		v.Distance += off
		v.Squared += off * off
	}
	if n := float64(len(j.sums)); n > 1 {
		v.Distance /= n
		v.Squared /= n
	}
	return v
}

func (j *valuesJudge) Describe(s *Snapshot) {
	if len(j.sums) == 1 || j.rows == 0 {
		return
	}
	s.Values = make([]ValueErrors, len(j.sums))
	rows := float64(j.rows)
	for i, sum := range j.sums {
		s.Values[i] = ValueErrors{MeanAbsoluteError: sum.absolute / rows, RootMeanSquareError: math.Sqrt(sum.squared / rows)}
	}
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
