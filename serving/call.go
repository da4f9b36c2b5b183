package serving

import (
	"slices"

	"penstock/inference"
	"penstock/outputs"
)

// Call is one request on its way. The front fills the exported fields and those of
// Request that are the submitter's, but for Owner; it may keep Calls to use them
// again, each with the memory that it has. From Submit or Lead until its front's
// Answer it is not the front's.
type Call struct {
	inference.Request
	// Deployment is what is asked: requests are answered by the model that was there
	// when they came, whatever the catalog holds meanwhile.
	Deployment *Deployment
	// ID is the request id as ids are compared; empty where no label is to follow.
	ID []byte
	// Own is the front's own; nobody else looks at it.
	Own any
	// Bytes is how long the message was that asks.
	Bytes int
	// AllOutputs asks for the answers of all outputs, not of the first alone.
	AllOutputs bool
	// Set asks for what is likely enough of the first output, as protocol.Sets has it.
	// Alpha, between 0 and 1, is how often the truth may be missed; zero is the server's
	// own.
	Set   bool
	Alpha float64

	decided []outputs.Decided
	raw     []float32 // the model's own confidences, where replies give others
	sets    outputs.Sets
	hasSets bool
}

// Decided returns what was decided, when the call is answered with
// inference.Predicted: of every output with AllOutputs, else of the first. It is valid
// until the call is used again.
func (c *Call) Decided() []outputs.Decided { return c.decided }

// Sets returns the sets of the rows, when the call is answered with
// inference.Predicted: nil where none were asked for, or the first output's kind has
// none. It is valid until the call is used again.
func (c *Call) Sets() *outputs.Sets {
	if !c.Set || !c.hasSets {
		return nil
	}
	return &c.sets
}

// decide picks the answers from the scores.
func (c *Call) decide() {
	d := c.Deployment
	n := 1
	if c.AllOutputs {
		n = len(d.Outputs)
	}
	c.decided = slices.Grow(c.decided[:0], n)[:n]
	for i := range c.decided {
		d.Outputs[i].Decide(c.Rows, c.Result.Scores, d.width, &c.decided[i])
	}
	c.raw = c.raw[:0]
	if d.Series.Calibrated() {
		shown := c.decided[0].Confidences
		c.raw = append(c.raw, shown...)
		d.Series.Confidence(shown)
	}
	if c.Set {
		c.decideSets()
	}
}

// confidences are the model's own, of the first output.
func (c *Call) confidences() []float32 {
	if len(c.raw) > 0 {
		return c.raw
	}
	return c.decided[0].Confidences
}

// decideSets makes the sets of the first output, where it has some.
func (c *Call) decideSets() {
	d := c.Deployment
	c.hasSets = false
	if c.sets.Alpha = c.Alpha; c.Alpha == 0 {
		c.sets.Alpha = d.Series.Alpha()
	}
	threshold, ok := d.Series.Threshold(c.sets.Alpha)
	if ok {
		c.hasSets = d.First().Sets(c.Rows, c.Result.Scores, d.width, threshold, &c.sets)
	}
}
