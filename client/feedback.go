package client

import (
	"context"

	"penstock/protocol"
)

// Feedback sends the true answers to a request, one per row, and waits until
// the server has counted them: Class, Number, Labels or Numbers, as the model's
// first output is. It tells per row whether the prediction was right, of Labels
// whether all of them were, or nothing for a regression. A label may be sent after a reconnect;
// the session finds its prediction.
//
// When ctx ends, or the connection is lost, before the answer, the label may
// have been counted or not; sending it again is safe, since the server counts
// each prediction once and answers duplicate_feedback.
func (c *Client) Feedback(ctx context.Context, id ID, labels ...protocol.Label) ([]bool, error) {
	return c.waitFeedback(ctx, func(done func([]bool, error)) (Ticket, error) { return c.label(ctx, id, labels, done) })
}

// FeedbackBinary is Feedback in a binary frame: a label is the index of its
// class in the server's hello, or the value of a regression. The id must be a
// number. Where the server has models of both kinds, what is told of a
// regression's rows means nothing.
func (c *Client) FeedbackBinary(ctx context.Context, id ID, labels ...float32) ([]bool, error) {
	return c.waitFeedback(ctx, func(done func([]bool, error)) (Ticket, error) { return c.labelBinary(ctx, id, labels, done) })
}

// FeedbackBinaryRows is FeedbackBinary with several numbers for each row, as many for
// one as for the other: of labels one each, 0 or 1, in the order of the server's hello;
// of a regression its values.
func (c *Client) FeedbackBinaryRows(ctx context.Context, id ID, rows ...[]float32) ([]bool, error) {
	return c.waitFeedback(ctx, func(done func([]bool, error)) (Ticket, error) { return c.labelWide(ctx, id, rows, done) })
}

func (c *Client) waitFeedback(ctx context.Context, submit func(func([]bool, error)) (Ticket, error)) ([]bool, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	type result struct {
		correct []bool
		err     error
	}
	replies := make(chan result, 1)
	ticket, err := submit(func(correct []bool, err error) { replies <- result{correct, err} })
	if err != nil {
		return nil, err
	}
	select {
	case got := <-replies:
		return got.correct, got.err
	case <-ctx.Done():
		c.cancelAgain(ticket) // what was sent cannot be taken back
		return nil, context.Cause(ctx)
	}
}

// SubmitFeedback sends labels and returns. The rules of Submit apply to ctx
// and done.
func (c *Client) SubmitFeedback(ctx context.Context, id ID, labels []protocol.Label, done func(correct []bool, err error)) error {
	_, err := c.label(ctx, id, labels, done)
	return err
}

// SubmitFeedbackBinary sends labels as FeedbackBinary does, and returns. The
// rules of Submit apply to ctx and done.
func (c *Client) SubmitFeedbackBinary(ctx context.Context, id ID, labels []float32, done func(correct []bool, err error)) error {
	_, err := c.labelBinary(ctx, id, labels, done)
	return err
}

// SubmitFeedbackBinaryRows sends labels as FeedbackBinaryRows does, and returns. The
// rules of Submit apply to ctx and done.
func (c *Client) SubmitFeedbackBinaryRows(ctx context.Context, id ID, rows [][]float32, done func(correct []bool, err error)) error {
	_, err := c.labelWide(ctx, id, rows, done)
	return err
}

func (c *Client) label(ctx context.Context, id ID, labels []protocol.Label, done func([]bool, error)) (Ticket, error) {
	m := c.newFrame()
	err := checkLabels(id, len(labels))
	if err == nil {
		m.b, err = appendFeedback(m.b, id, labels)
	}
	return c.sendLabels(ctx, id, m, done, err)
}

func (c *Client) labelBinary(ctx context.Context, id ID, labels []float32, done func([]bool, error)) (Ticket, error) {
	m := c.newFrame()
	m.binary = true
	err := checkLabels(id, len(labels))
	if err == nil {
		m.b, err = appendBinaryFeedback(m.b, id, labels)
	}
	return c.sendLabels(ctx, id, m, done, err)
}

func (c *Client) labelWide(ctx context.Context, id ID, rows [][]float32, done func([]bool, error)) (Ticket, error) {
	m := c.newFrame()
	m.binary = true
	err := checkLabels(id, len(rows))
	if err == nil {
		m.b, err = appendWideFeedback(m.b, id, rows)
	}
	return c.sendLabels(ctx, id, m, done, err)
}

func (c *Client) sendLabels(ctx context.Context, id ID, m *frame, done func([]bool, error), err error) (Ticket, error) {
	var l *link
	if err == nil {
		l, err = c.send(ctx, id, call{kind: feedbackCall, rows: 1, frame: m, labelled: done})
	}
	if err != nil {
		c.freeFrame(m)
	}
	return Ticket{ID: id, l: l}, err
}

func checkLabels(id ID, labels int) error {
	if id.IsZero() {
		return protocol.Errorf(protocol.BadRequestID, "a label needs the ID of its prediction")
	}
	if labels == 0 {
		return protocol.Errorf(protocol.BadLabel, "no label; send one per row of the request")
	}
	return id.check()
}
