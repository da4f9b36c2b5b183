package client

import (
	"encoding/json"
	"errors"
	"time"

	"penstock/protocol"
)

// Prediction is the answer to one request.
type Prediction struct {
	// ID is what a label will be sent for.
	ID ID
	// Row is the answer to the first row: all there is for a request of one.
	Row
	// Rows has one answer per row of a request of many rows, and is nil for a
	// request of one.
	Rows []Row
	// Model and Version name what ran.
	Model, Version string
	// Alpha is how often the rows' sets or intervals may miss the truth; zero where there
	// are none.
	Alpha float64
	// Timing is there when it was asked for.
	Timing *Timing
}

// Row is the answer to one row. Which of its fields says what was predicted
// depends on the kind of the model's first output, which the server's hello tells:
//
//	class   Label and Confidence
//	labels  Labels
//	values  Value and, where there are several, Values
//	vector  Vector
type Row struct {
	// Label is the class of a classification; Value the number of a
	// regression, the first where it has several, and zero for all else.
	Label string
	Value float64
	// Confidence is in [0,1], or nil where the model gives none.
	Confidence *float64
	// Labels are those that the model holds for true, in the order of the server's
	// hello: not nil, but perhaps empty, where the output is of this kind.
	Labels []TrueLabel
	// Values are the numbers of a regression that has more than one.
	Values []float64
	// Vector is an embedding. It may share its memory with Scores. By JSON, that of
	// a model that is not in the latest hello is taken for Values.
	Vector []float32
	// Scores has one score per class, or whatever else the engine gave, all outputs
	// one after the other in the order of the server's hello, and Top the best
	// classes first. They are there when they were asked for.
	Scores []float32
	Top    []protocol.TopClass
	// Set has the classes that are likely enough: the true one is among them at least
	// 1 − Prediction.Alpha of the time. Not nil, but perhaps empty, when a set was asked
	// for and the output is of this kind.
	Set []string
	// Interval holds the true value at least that often. When it was asked for it is
	// there for numbers, or nil while the server has too few labels. Of a regression that
	// has several, it is the first's, and Intervals has all: these hold all the true values
	// together that often.
	Interval  *Interval
	Intervals []Interval
	// Outputs has what each output says, by its name, the first one's among them;
	// there when they were asked for. Scores in there are the output's own; of Top
	// and further Outputs there are none.
	Outputs map[string]Row
}

// Interval is from Low to High, both among it.
type Interval struct{ Low, High float64 }

// UnmarshalJSON reads an array of the two.
func (i *Interval) UnmarshalJSON(b []byte) error {
	var ends [2]*float64
	if err := json.Unmarshal(b, &ends); err != nil {
		return err
	}
	if ends[0] == nil || ends[1] == nil {
		return errors.New("an interval needs two numbers")
	}
	i.Low, i.High = *ends[0], *ends[1]
	return nil
}

// TrueLabel is one of a row's labels, of a model that tells several.
type TrueLabel struct {
	Name        string
	Probability float64 // in [0,1]
}

// Timing tells where a request's time went, as the server measured it.
type Timing struct {
	Queue, Compute time.Duration
	BatchRows      int
}
