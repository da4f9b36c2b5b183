package quality

// Outcomes are labelled rows of one series, column by column, in the order in
// which their labels came. All columns have Len entries, or as many times the
// width that they name; those marked "or none" may be empty.
type Outcomes struct {
	Model, Version string
	// Kind is the output's: "class", "labels", "values", or one from outside.
	Kind    string
	Classes []string // of class and labels; shared, do not change
	// Width is how many numbers a prediction has for each row, and LabelWidth how
	// many its truth.
	Width, LabelWidth int

	Predicted []int64 // Unix nanoseconds of the answer
	Labelled  []int64 // Unix nanoseconds of the label
	Scopes    []Scope
	IDs       []string // the request_id, see WrittenID
	Rows      []uint32 // of the request, from 0
	Callers   []string // who made the prediction
	Names     []string // how people know the scope

	Values      []float32 // × Width: as in Prediction
	Confidences []float32 // × Width, or none: as the model gave them
	Truths      []float64 // × LabelWidth: as a Judge reads them
	// Verdicts are what the judge said.
	Verdicts []Verdict

	// Shown, of class alone, or none: the confidence that the reply gave, which is
	// Confidences until a calibration is adopted; negative where it gave none.
	Shown []float32
	// Probability, of class alone, or none: the probability that the model gave to the
	// true class, negative where it is not known; Squares then says nothing. Of models of more than 13 classes, where the truth is none of the
	// eight most likely, it is an equal part of what these leave.
	Probability []float32
	// Squares, of class alone, or none: the sum of the squares of all classes' probabilities.
	Squares []float32
	// SetSize, of class and values, or none: how many classes the set had that was
	// judged when the label came; 0 where there were too few labels for one. Of values,
	// 1 where there was an interval. Covered tells whether the truth was in it.
	SetSize []uint16
	Covered []bool
	// Slices is the bin of the column that --quality-slice names, or none.
	Slices []uint8
}

// Len is how many rows there are.
func (o *Outcomes) Len() int { return len(o.Predicted) }

// Activity is what else happened to predictions of one series that were made in
// one minute.
type Activity struct {
	Model, Version string
	Minute         int64 // Unix minutes
	Predicted      uint64
	Forgotten      uint64
	// Confidence is the sum of the confidences shown, over the Sure of the predicted
	// rows that had one.
	Confidence float64
	Sure       uint64
}

// Event is something that explains a change: a calibration adopted, an alert, a
// start. Text is for people.
type Event struct {
	At             int64  // Unix nanoseconds
	Kind           string // "start", "calibration", "frozen", "drift", "fall", "import", "disk"
	Model, Version string // empty where it is of none
	Text           string
}

// Batch is what has happened since the last one was taken.
type Batch struct {
	Outcomes []Outcomes // one for each series that has some
	Activity []Activity
	Events   []Event
	// Dropped counts outcomes (rows) that were left out because nobody took batches.
	Dropped uint64
}
