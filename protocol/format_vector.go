package protocol

// vectorFormat writes an embedding, which is its scores.
type vectorFormat struct{ width int }

// VectorFormat is for an embedding of so many numbers. Nothing is decided of it, and
// it has no confidences.
func VectorFormat(width int) Format { return vectorFormat{width} }

func (f vectorFormat) ValueWidth() int { return 0 }

func (f vectorFormat) AppendPrediction(dst []byte, _, _, scores []float32) []byte {
	return appendFloats(dst, scores)
}

func (f vectorFormat) AppendConfidence(dst []byte, _, _, _ []float32) []byte {
	return append(dst, "null"...)
}

func (f vectorFormat) AppendTop(dst []byte, _ []float32, _ int, _ *[]uint64) ([]byte, bool) {
	return dst, false
}

func (f vectorFormat) Longest() (prediction, confidence int) {
	return longestFloats(f.width), len("null")
}

func (f vectorFormat) LongestTop(int) int { return 0 }

func (f vectorFormat) Pair(_, _, scores []float32) (value, confidence float32) {
	return scores[0], noConfidence
}
