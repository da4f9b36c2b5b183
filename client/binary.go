package client

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"penstock/protocol"
)

// Where things stand in binary frames; see docs/protocol.md.
const (
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
	var flags uint16
	if r.Scores {
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
	}
	return appendBinaryRow(dst, r.Features, 0)
}

func appendByteRows(dst []byte, rows [][]byte) ([]byte, error) {
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return dst, ragged(i, len(rows[0]), len(row))
		}
		dst = append(dst, row...)
	}
	return dst, nil
}

func appendBinaryRows(dst []byte, rows [][]float32) (_ []byte, err error) {
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return dst, ragged(i, len(rows[0]), len(row))
		}
		if dst, err = appendBinaryRow(dst, row, i); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func ragged(row, want, got int) error {
	return protocol.WrongCount(protocol.BadFeatures, want, got, fmt.Sprintf("row %d is not as long as the first; rows of one binary frame are of one length", row))
}

func appendBinaryRow(dst []byte, features []float32, row int) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, binaryFloatBytes*len(features))[:start+binaryFloatBytes*len(features)]
	out := dst[start:]
	for i, f := range features {
		if f-f != 0 { // NaN or infinity
			return dst, notFinite(row, i, f)
		}
		binary.LittleEndian.PutUint32(out[binaryFloatBytes*i:], math.Float32bits(f))
	}
	return dst, nil
}

// appendBinaryFeedback appends the frame that labels a request by the indexes
// of its classes, or by its values.
func appendBinaryFeedback(dst []byte, id ID, labels []float32) ([]byte, error) {
	if id.text != "" {
		return dst, protocol.Errorf(protocol.BadRequestID, "a binary frame's request_id is a number, not %q; send the label with Feedback", id.text)
	}
	dst = append(dst, protocol.BinaryFeedback, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(labels)))
	dst = binary.LittleEndian.AppendUint64(dst, id.number)
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
