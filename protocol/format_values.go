package protocol

import "math"

// noConfidence stands in a binary reply where there is none.
var noConfidence = float32(math.NaN())

// valuesFormat writes numbers: one alone, several as an array.
type valuesFormat struct{ width int }

// ValuesFormat is for a regression of so many numbers. It has no confidences.
func ValuesFormat(width int) Format { return valuesFormat{width} }

func (f valuesFormat) ValueWidth() int { return f.width }

func (f valuesFormat) AppendPrediction(dst []byte, values, _, _ []float32) []byte {
	if f.width == 1 {
		return appendFloat(dst, values[0])
	}
	return appendFloats(dst, values)
}

func (f valuesFormat) AppendConfidence(dst []byte, _, _, _ []float32) []byte {
	return append(dst, "null"...)
}

func (f valuesFormat) AppendTop(dst []byte, _ []float32, _ int, _ *[]uint64) ([]byte, bool) {
	return dst, false
}

func (f valuesFormat) Longest() (prediction, confidence int) {
	if f.width == 1 {
		return longestFloat, len("null")
	}
	return longestFloats(f.width), len("null")
}

// longestFloats is of what appendFloats appends for so many.
func longestFloats(n int) int { return len("[]") + n*(longestFloat+1) }

func (f valuesFormat) LongestTop(int) int { return 0 }

func (f valuesFormat) Pair(values, _, _ []float32) (value, confidence float32) {
	return values[0], noConfidence
}
