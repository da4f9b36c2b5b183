package protocol

import "slices"

// classFormat writes one of several classes: its name and how sure the model is.
type classFormat struct {
	labels  [][]byte // each class as a JSON string
	longest []int    // at k, the bytes of the k longest labels
	width   int      // scores of a row: one per class, or the second's of two
}

// ClassFormat is for one of several classes. Width is how many scores a row has: one
// per class or, of two classes, one, the probability of the second.
func ClassFormat(classes []string, width int) Format {
	f := &classFormat{labels: quoteAll(classes), width: width}
	f.longest = longestLabels(f.labels)
	return f
}

func quoteAll(texts []string) [][]byte {
	quoted := make([][]byte, 0, len(texts))
	for _, text := range texts {
		quoted = append(quoted, quote(text))
	}
	return quoted
}

func (f *classFormat) ValueWidth() int { return 1 }

func (f *classFormat) AppendPrediction(dst []byte, values, _, _ []float32) []byte {
	return append(dst, f.labels[int(values[0])]...)
}

func (f *classFormat) AppendConfidence(dst []byte, _, confidences, _ []float32) []byte {
	return appendFloat(dst, confidences[0])
}

func (f *classFormat) AppendTop(dst []byte, scores []float32, k int, buffer *[]uint64) ([]byte, bool) {
	if f.width == 1 {
		both := [2]float32{1 - scores[0], scores[0]}
		return f.appendTop(dst, both[:], k, buffer), true
	}
	return f.appendTop(dst, scores, k, buffer), true
}

func (f *classFormat) appendTop(dst []byte, scores []float32, k int, buffer *[]uint64) []byte {
	k = min(k, len(scores))
	*buffer = slices.Grow((*buffer)[:0], min(2*k, len(scores)))
	dst = append(dst, '[')
	for i, entry := range best((*buffer)[:0], scores, k) {
		if i > 0 {
			dst = append(dst, ',')
		}
		class := int(uint32(entry))
		dst = append(dst, `{"label":`...)
		dst = append(dst, f.labels[class]...)
		dst = append(dst, `,"confidence":`...)
		dst = appendFloat(dst, scores[class])
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func (f *classFormat) Longest() (prediction, confidence int) {
	return f.longest[min(1, len(f.labels))], longestConfidence
}

// LongestTop has commas after the classes.
func (f *classFormat) LongestTop(k int) int {
	k = min(k, len(f.labels))
	return len("[]") + f.longest[k] + k*(len(`{"label":,"confidence":},`)+longestFloat)
}

func (f *classFormat) Pair(values, confidences, _ []float32) (value, confidence float32) {
	return values[0], confidences[0]
}
