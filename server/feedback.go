package server

import (
	"errors"

	"penstock/protocol"
	"penstock/quality"
	"penstock/server/socket"
)

// feedback joins labels to the prediction that they are about.
func (c *predictor) feedback(ask *protocol.Ask) {
	to := addressOf(ask)
	if most := c.server.opt.MaxRows; ask.Binary && ask.Rows > most {
		c.sendError(to, protocol.WrongCount(protocol.BadLabel, most, ask.Rows, "more labels than a request may have rows"))
		return
	}
	var result quality.Result
	var err error
	if ask.Binary {
		result, err = c.line.LabelBinary(to.value(), ask.Floats())
	} else {
		result, err = c.line.Label(to.value(), labelsOf(ask.Labels))
	}
	switch {
	case errors.Is(err, quality.ErrUnknownRequest) && c.waitsFor(to.value()):
		c.sendError(to, protocol.Errorf(protocol.UnknownRequest, "the request with this request_id has no prediction yet; send its label after that has come"))
	case err != nil:
		c.sendError(to, c.server.labelRefusal(err))
	case ask.Binary:
		c.Send(socket.Binary, protocol.AppendBinaryFeedbackOK(nil, to.number, result.Rows, result.Correct))
	default:
		c.Send(socket.Text, protocol.AppendFeedbackOK(nil, ask.ID, result.Correct, ask.ManyLabels))
	}
}

// labelsOf are labels as the store takes them.
func labelsOf(sent []protocol.Label) []quality.Label {
	labels := make([]quality.Label, len(sent))
	for i, l := range sent {
		labels[i] = quality.Label{Text: l.Text, Number: l.Number, IsText: l.IsText, IsList: l.IsList}
		if l.IsList {
			labels[i].List = labelsOf(l.List)
		}
	}
	return labels
}

// waitsFor reports whether a request with this id has no answer yet.
func (c *predictor) waitsFor(id []byte) bool {
	c.outbox.Lock()
	defer c.outbox.Unlock()
	return c.pending.find(id) != nil
}
