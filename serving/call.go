package serving

import (
	"slices"

	"penstock/inference"
	"penstock/outputs"
	"penstock/protocol"
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
	sets    *protocol.Sets
}

// Decided returns what was decided, when the call is answered with
// inference.Predicted: of every output with AllOutputs, else of the first. It is valid
// until the call is used again.
func (c *Call) Decided() []outputs.Decided { return c.decided }

// Sets returns the sets of the rows, when the call is answered with
// inference.Predicted: nil where none were asked for, or the first output's kind has
// none. It is valid until the call is used again.
func (c *Call) Sets() *protocol.Sets {
	if !c.Set {
		return nil
	}
	return c.sets
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
}
