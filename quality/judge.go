package quality

// Measure is what a label can tell of a prediction.
type Measure uint8

// The measures.
const (
	Nothing      Measure = iota // the output takes no labels
	RightOrWrong                // a row is right or wrong
	Distance                    // a row is some way off
)

// Judge knows what the labels of one kind of output are, and adds up what they
// say of the predictions. NewClassJudge, NewLabelsJudge, NewValuesJudge and
// NewNoJudge make them.
//
// A Judge belongs to one Series. Its store calls it under its mutex: it must be
// quick, needs no lock of its own, and keeps none of the slices that it is given.
// Measure, Width and LabelWidth always return the same.
type Judge interface {
	Measure() Measure
	// Width is how many numbers are remembered of a row; 0 where there is nothing
	// to judge.
	Width() int
	// LabelWidth is how many numbers the label of a row has in a binary frame.
	LabelWidth() int
	// Read appends what a label means, as many numbers as Judge expects of a truth.
	// Row, from 0, is for the error: a *BadLabelError.
	Read(dst []float64, row int, l Label) ([]float64, error)
	// ReadBinary is Read for the LabelWidth numbers of a binary frame.
	ReadBinary(dst []float64, row int, values []float32) ([]float64, error)
	// Judge compares a row's prediction with its truth, and counts it. Values has
	// Width entries, as in Prediction, and confidences as many, or none.
	Judge(values, confidences []float32, truth []float64) Verdict
	// Describe adds what is particular to the kind. What it sets is copied, not
	// shared, but for the names.
	Describe(*Snapshot)
}

// Verdict is what the label of one row says.
type Verdict struct {
	Correct bool // RightOrWrong alone
	// Distance is the mean absolute error over the row's values, and Squared the
	// mean of the squared ones; 0 unless the measure is Distance.
	Distance, Squared float64
}
