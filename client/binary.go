package client

import (
	"encoding/binary"
	"fmt"
	"math"

	"penstock/protocol"
)

// Where things stand in binary frames; see docs/protocol.md.
const (
	binaryFlagsAt    = 2
	binaryModelAt    = 20
	binaryRowsAt     = 24 // of requests and predictions
	binaryLabelsAt   = 16 // of labels and their answers
	shortestBinary   = 16
	binaryPairBytes  = 8 // class or value, and confidence
	binaryFloatBytes = 4
)

// appendBinary appends the request's binary frame to dst. The model's index is
// left open: it is known only with a connection.
func appendBinary(dst []byte, r *Request) ([]byte, error) {
	if r.ID.text != "" {
		return dst, protocol.Errorf(protocol.BadRequestID, "a binary frame's request_id is a number, not %q; use NumberID, or JSON", r.ID.text)
	}
	if r.Top > 0 {
		return dst, protocol.Errorf(protocol.BadMessage, "Request.Top cannot be asked for in a binary frame; ask for Scores, or use JSON")
	}
	if r.Set {
		return dst, protocol.Errorf(protocol.BadMessage, "Request.Set cannot be asked for in a binary frame; use JSON")
	}
	var flags uint16
	if r.Scores || r.Outputs { // each output's answer is read from its scores
		flags |= protocol.FlagScores
	}
	if r.Timing {
		flags |= protocol.FlagTiming
	}
	dtype := byte(protocol.DTypeFloat32)
	if r.Bytes != nil || r.ByteRows != nil || r.Encoded != nil && r.Encoded.bytes {
		dtype = protocol.DTypeUint8
	}
	dst = append(dst, protocol.BinaryPredict, dtype)
	dst = binary.LittleEndian.AppendUint16(dst, flags)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(r.rows()))
	dst = binary.LittleEndian.AppendUint64(dst, r.ID.number)
	dst = binary.LittleEndian.AppendUint32(dst, binaryDeadline(r.Deadline))
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	switch {
	case r.Encoded != nil:
		return append(dst, r.Encoded.binary...), nil
	case r.Bytes != nil:
		return append(dst, r.Bytes...), nil
	case r.ByteRows != nil:
		return appendByteRows(dst, r.ByteRows)
	case r.Rows != nil:
		return appendBinaryRows(dst, r.Rows)
	case r.Rows64 != nil:
		return appendBinaryRows64(dst, r.Rows64)
	case r.Features64 != nil:
		return appendBinaryRow64(dst, r.Features64, 0)
	}
	return appendBinaryRow(dst, r.Features, 0)
}

// appendBinaryFeedback appends the frame that labels a request by the indexes
// of its classes, or by its values.
func appendBinaryFeedback(dst []byte, id ID, labels []float32) ([]byte, error) {
	dst, err := appendFeedbackHeader(dst, id, 0, len(labels))
	if err != nil {
		return dst, err
	}
	return appendBinaryLabels(dst, labels)
}

// appendWideFeedback appends the frame that labels each row with several numbers.
func appendWideFeedback(dst []byte, id ID, rows [][]float32) ([]byte, error) {
	dst, err := appendFeedbackHeader(dst, id, protocol.FlagWide, len(rows))
	for i := 0; i < len(rows) && err == nil; i++ {
		if width := len(rows[0]); len(rows[i]) != width || width == 0 {
			return dst, protocol.WrongCount(protocol.BadLabel, max(width, 1), len(rows[i]),
				fmt.Sprintf("row %d has another number of labels than it should; send as many for each row, at least one", i))
		}
		dst, err = appendBinaryLabels(dst, rows[i])
	}
	return dst, err
}

func appendFeedbackHeader(dst []byte, id ID, flags uint16, rows int) ([]byte, error) {
	if id.text != "" {
		return dst, protocol.Errorf(protocol.BadRequestID, "a binary frame's request_id is a number, not %q; send the label with Feedback", id.text)
	}
	dst = append(dst, protocol.BinaryFeedback, 0)
	dst = binary.LittleEndian.AppendUint16(dst, flags)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(rows))
	return binary.LittleEndian.AppendUint64(dst, id.number), nil
}

func appendBinaryLabels(dst []byte, labels []float32) ([]byte, error) {
	for i, label := range labels {
		if label-label != 0 { // NaN or infinity
			return dst, protocol.Errorf(protocol.BadLabel, "label %d is %v; send a finite number", i, label)
		}
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(label))
	}
	return dst, nil
}

// setModel names the model by its place in the greeting of the connection that
// the frame goes out on.
func (m *frame) setModel(index int) {
	binary.LittleEndian.PutUint32(m.b[binaryModelAt:], uint32(index))
}

// askScores asks for the scores as well.
func (m *frame) askScores() { m.b[binaryFlagsAt] |= protocol.FlagScores }
