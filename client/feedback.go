package client

import (
	"context"

	"penstock/protocol"
)

// Feedback sends the true answers to a request, one per row, and waits until
// the server has counted them. It tells per row whether the prediction was
// right, or nothing for a regression. A label may be sent after a reconnect;
// the session finds its prediction.
//
// When ctx ends, or the connection is lost, before the answer, the label may
// have been counted or not; sending it again is safe, since the server counts
// each prediction once and answers duplicate_feedback.
func (c *Client) Feedback(ctx context.Context, id ID, labels ...protocol.Label) ([]bool, error) {
	type result struct {
		correct []bool
		err     error
	}
	replies := make(chan result, 1)
	err := c.SubmitFeedback(ctx, id, labels, func(correct []bool, err error) { replies <- result{correct, err} })
	if err != nil {
		return nil, err
	}
	select {
	case got := <-replies:
		return got.correct, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// SubmitFeedback sends labels and returns. The rules of Submit apply to ctx
// and done.
func (c *Client) SubmitFeedback(ctx context.Context, id ID, labels []protocol.Label, done func(correct []bool, err error)) error {
	if id.IsZero() {
		return protocol.Errorf(protocol.BadRequestID, "a label needs the ID of its prediction")
	}
	if len(labels) == 0 {
		return protocol.Errorf(protocol.BadLabel, "no label; send one per row of the request")
	}
	if err := id.check(); err != nil {
		return err
	}
	m := c.newFrame()
	var err error
	if m.b, err = appendFeedback(m.b, id, labels); err == nil {
		_, err = c.send(ctx, id, call{kind: feedbackCall, rows: 1, labelled: done}, m)
	}
	if err != nil {
		c.freeFrame(m)
	}
	return err
}
