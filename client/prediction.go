package client

import (
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
	// Timing is there when it was asked for.
	Timing *Timing
}

// Row is the answer to one row.
type Row struct {
	// Label is the class of a classification; Value the number of a
	// regression, and zero for a classification.
	Label string
	Value float64
	// Confidence is in [0,1], or nil where the model gives none.
	Confidence *float64
	// Scores has one score per class, in the order of the server's hello, and
	// Top the best classes first. They are there when they were asked for.
	Scores []float32
	Top    []protocol.TopClass
}

// Timing tells where a request's time went, as the server measured it.
type Timing struct {
	Queue, Compute time.Duration
	BatchRows      int
}
