package server

import (
	"strconv"

	"penstock/protocol"
	"penstock/server/socket"
)

// handleBinary acts on one binary frame.
func (c *predictor) handleBinary(received socket.Message) {
	var m protocol.BinaryMessage
	err := protocol.DecodeBinary(received.Payload, received.Mask, &m)
	to := c.binaryAddress(m.ID)
	switch {
	case err != nil && m.Kind == protocol.BinaryFeedback:
		c.sendError(to, err)
	case err != nil:
		c.server.ledger.Received()
		c.refuse(to, err)
	case m.Kind == protocol.BinaryPredict:
		c.Asked(len(received.Payload))
		c.predictBinary(&m, to)
	default:
		c.feedbackBinary(&m, to)
	}
}

// binaryAddress gives a binary id the form that the same number has in JSON:
// a prediction may be asked for in one and labelled or cancelled in the other.
func (c *predictor) binaryAddress(id uint64) address {
	c.decimal = strconv.AppendUint(c.decimal[:0], id, 10)
	return address{id: c.decimal, binary: true, number: id}
}

func (c *predictor) predictBinary(m *protocol.BinaryMessage, to address) {
	c.server.ledger.Received()
	models := c.server.models
	if m.Model >= len(models) {
		c.refuse(to, protocol.WrongCount(protocol.UnknownModel, len(models)-1, m.Model, "no model has this index; the order is that of hello"))
		return
	}
	if maxRows := c.server.opt.MaxRows; m.Rows < 1 || m.Rows > maxRows {
		c.refuse(to, protocol.WrongCount(protocol.TooManyRows, maxRows, m.Rows, "a request has at least one row and not more than expected"))
		return
	}
	model := models[m.Model]
	if !c.Room(m.Rows * model.rowBytes) {
		c.refuse(to, noMemory())
		return
	}
	req := newRequest(model, to)
	if err := c.readFeatures(req, m); err != nil {
		c.refuse(to, err)
		req.recycle()
		return
	}
	req.Rows, req.Arrived, req.Deadline = m.Rows, c.Arrived(), m.Deadline
	req.scores, req.timing = m.Scores, m.Timing
	c.submit(req)
}

// readFeatures takes a turn where that takes long; see decode.
func (c *predictor) readFeatures(req *request, m *protocol.BinaryMessage) (err *protocol.Error) {
	defer c.Turn(len(m.Values)).End()
	spec := &req.model.spec
	if spec.Shift != nil {
		req.Features, err = m.AppendShifted(req.Features[:0], spec.Features, spec.Input.Uint8Scale, spec.Shift)
		return err
	}
	req.Features, err = m.AppendFeatures(req.Features[:0], spec.Features, float32(spec.Input.Uint8Scale))
	return err
}

func (c *predictor) feedbackBinary(m *protocol.BinaryMessage, to address) {
	if maxRows := c.server.opt.MaxRows; m.Rows > maxRows {
		c.sendError(to, protocol.WrongCount(protocol.BadLabel, maxRows, m.Rows, "more labels than a request may have rows"))
		return
	}
	result, err := c.server.opt.Quality.LabelIndices(c.scope, to.id, m.Floats())
	if err != nil {
		c.sendError(to, c.labelError(to, err))
		return
	}
	c.Send(socket.Binary, protocol.AppendBinaryFeedbackOK(nil, to.number, result.Rows, result.Correct))
}
