package protocol

// Decided is what was picked from the scores of one output, over the rows of a
// request.
type Decided struct {
	// Values has ValueWidth numbers for each row, and Confidences as many, or none.
	// What they mean is the business of the output's kind.
	Values, Confidences []float32
	ValueWidth          int
}

// row returns what was decided of one row.
func (d *Decided) row(row int) (values, confidences []float32) {
	w := d.ValueWidth
	values = d.Values[row*w : (row+1)*w]
	if len(d.Confidences) > 0 {
		confidences = d.Confidences[row*w : (row+1)*w]
	}
	return values, confidences
}

// Format writes what one output says of one row. It is made once for an output, and
// used by many goroutines.
type Format interface {
	// ValueWidth is that of Decided.
	ValueWidth() int
	// AppendPrediction and AppendConfidence append the JSON of the two. Scores are the
	// output's own, of the row.
	AppendPrediction(dst []byte, values, confidences, scores []float32) []byte
	AppendConfidence(dst []byte, values, confidences, scores []float32) []byte
	// AppendTop appends the k best classes, best first; of classes with the same score,
	// those named first. It leaves what it needed in buffer, for the next. It reports
	// false, and appends nothing, where there are no classes.
	AppendTop(dst []byte, scores []float32, k int, buffer *[]uint64) ([]byte, bool)
	// Longest is how many bytes AppendPrediction and AppendConfidence append at most.
	Longest() (prediction, confidence int)
	// LongestTop is that of AppendTop with k; 0 where there are no classes.
	LongestTop(k int) int
	// Pair is what stands for the row in a binary reply, beside its scores.
	Pair(values, confidences, scores []float32) (value, confidence float32)
}

// NamedFormat is an output's.
type NamedFormat struct {
	Name   string
	Width  int // scores of a row
	Format Format
}
