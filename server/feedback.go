package server

import (
	"errors"

	"penstock/protocol"
	"penstock/quality"
	"penstock/server/socket"
)

// feedback joins labels to the prediction that they are about.
func (c *predictor) feedback(m *protocol.Message) {
	to := addressOf(m)
	labels := make([]quality.Label, len(m.Labels))
	for i, l := range m.Labels {
		labels[i] = quality.Label{Text: l.Text, Number: l.Number, IsText: l.IsText}
	}
	result, err := c.server.opt.Quality.Label(c.scope, to.value(), labels)
	if err != nil {
		c.sendError(to, c.labelError(to, err))
		return
	}
	c.Send(socket.Text, protocol.AppendFeedbackOK(nil, m.ID, result.Correct, m.ManyLabels))
}

// labelError puts the store's refusal into the protocol's words.
func (c *predictor) labelError(to address, err error) *protocol.Error {
	code := protocol.Internal
	var bad *quality.BadLabelError
	switch {
	case errors.Is(err, quality.ErrUnknownRequest) && c.isPending(to.value()):
		return protocol.Errorf(protocol.UnknownRequest, "the request with this request_id has no prediction yet; send its label after that has come")
	case errors.Is(err, quality.ErrUnknownRequest):
		code = protocol.UnknownRequest
	case errors.Is(err, quality.ErrDuplicateFeedback):
		code = protocol.DuplicateFeedback
	case errors.As(err, &bad):
		code = protocol.BadLabel
	}
	return protocol.Errorf(code, "%s", err)
}

// isPending reports whether a request with this id has no answer yet.
func (c *predictor) isPending(id []byte) bool {
	c.outbox.Lock()
	defer c.outbox.Unlock()
	return c.pending.find(id) != nil
}
