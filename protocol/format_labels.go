package protocol

// labelsFormat writes which of the labels are true, and how probable each of them is.
type labelsFormat struct {
	labels  [][]byte // each as a JSON string
	longest int      // bytes of all labels
}

// LabelsFormat is for labels that are each true or not. A value is 1 for each that is
// true, and 0 for the others; a confidence is the label's probability.
func LabelsFormat(names []string) Format {
	f := &labelsFormat{labels: quoteAll(names)}
	for _, label := range f.labels {
		f.longest += len(label)
	}
	return f
}

func (f *labelsFormat) ValueWidth() int { return len(f.labels) }

func (f *labelsFormat) AppendPrediction(dst []byte, values, _, _ []float32) []byte {
	dst = append(dst, '[')
	start := len(dst)
	for i, is := range values {
		if is == 0 {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(dst, f.labels[i]...)
	}
	return append(dst, ']')
}

func (f *labelsFormat) AppendConfidence(dst []byte, values, confidences, _ []float32) []byte {
	dst = append(dst, '[')
	start := len(dst)
	for i, is := range values {
		if is == 0 {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = appendFloat(dst, confidences[i])
	}
	return append(dst, ']')
}

func (f *labelsFormat) AppendTop(dst []byte, _ []float32, _ int, _ *[]uint64) ([]byte, bool) {
	return dst, false
}

func (f *labelsFormat) Longest() (prediction, confidence int) {
	n := len(f.labels)
	return len("[]") + f.longest + n, len("[]") + n*(longestConfidence+1)
}

func (f *labelsFormat) LongestTop(int) int { return 0 }

// Pair has how many labels are true.
func (f *labelsFormat) Pair(values, _, _ []float32) (value, confidence float32) {
	for _, is := range values {
		value += is
	}
	return value, noConfidence
}
