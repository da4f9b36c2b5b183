package protocol

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// Kinds of binary frames, their first byte.
const (
	BinaryPredict    = 0x01
	BinaryFeedback   = 0x02
	BinaryPrediction = 0x81
	BinaryFeedbackOK = 0x82
	BinaryError      = 0xff
)

// Types of the values of a binary request, its second byte.
const (
	DTypeFloat32 = 1
	DTypeUint8   = 2 // scaled by the bundle's uint8_scale
)

// Bits of the flags of binary frames.
const (
	FlagScores    = 1 << 0 // of a request and its reply
	FlagTiming    = 1 << 1 // of a request and its reply
	FlagRetryable = 1 << 0 // of an error
)

// Lengths of the headers that values follow.
const (
	binaryRequestHeader  = 24
	binaryFeedbackHeader = 16
	binaryErrorHeader    = 16
)

// BinaryMessage is a binary frame from a client, decoded. Values points into
// the frame and shares its lifetime; it is still masked with Mask.
type BinaryMessage struct {
	Kind     byte // BinaryPredict or BinaryFeedback
	DType    byte
	Scores   bool
	Timing   bool
	Rows     int
	ID       uint64
	Deadline time.Duration
	Model    int    // index in hello
	Values   []byte // features of a request; float32 labels of feedback
	Mask     uint32
}

// DecodeBinary reads the header of a binary frame's payload, which is masked
// with a key, or with zero; see Unmask. When it fails, m.ID still holds the
// request's id if that could be read, and else zero. Whether Values has the right
// length only the model can tell; see AppendFeatures.
func DecodeBinary(frame []byte, mask uint32, m *BinaryMessage) *Error {
	*m = BinaryMessage{Mask: mask}
	if looksLikeText(frame, mask) {
		return Errorf(BadMessage, "this looks like JSON or text in a binary message; send text in text messages, or kind 0x01 (request) or 0x02 (feedback)")
	}
	if len(frame) < binaryFeedbackHeader {
		return WrongCount(BadMessage, binaryFeedbackHeader, len(frame), "the binary frame is shorter than its header")
	}
	// Both headers are multiples of four bytes: behind them the key begins anew.
	var header [binaryRequestHeader]byte
	copy(header[:], frame)
	Unmask(header[:], mask)
	m.Kind, m.DType = header[0], header[1]
	flags := binary.LittleEndian.Uint16(header[2:])
	rows := binary.LittleEndian.Uint32(header[4:])
	m.ID = binary.LittleEndian.Uint64(header[8:])
	m.Rows = int(min(rows, math.MaxInt32))
	switch m.Kind {
	case BinaryPredict:
		if len(frame) < binaryRequestHeader {
			return WrongCount(BadMessage, binaryRequestHeader, len(frame), "the binary request is shorter than its header")
		}
		if m.DType != DTypeFloat32 && m.DType != DTypeUint8 {
			return Errorf(BadMessage, "dtype is %d; expected 1 (float32) or 2 (uint8)", m.DType)
		}
		if flags&^(FlagScores|FlagTiming) != 0 {
			return Errorf(BadMessage, "flags are %#x; expected bits 0 (scores) and 1 (timing) only", flags)
		}
		m.Scores, m.Timing = flags&FlagScores != 0, flags&FlagTiming != 0
		m.Deadline = time.Duration(binary.LittleEndian.Uint32(header[16:])) * time.Microsecond
		m.Model = int(min(binary.LittleEndian.Uint32(header[20:]), math.MaxInt32))
		m.Values = frame[binaryRequestHeader:]
	case BinaryFeedback:
		m.Values = frame[binaryFeedbackHeader:]
		if want := 4 * m.Rows; len(m.Values) != want {
			return WrongCount(BadLabel, m.Rows, len(m.Values)/4, "feedback needs one float32 label per row")
		}
	default:
		return Errorf(BadMessage, "kind is %#x; expected 0x01 (request) or 0x02 (feedback)", m.Kind)
	}
	return nil
}

// looksLikeText reports whether a frame begins as JSON, "ping" or a byte order
// mark do, and as no kind that there will ever be.
func looksLikeText(frame []byte, mask uint32) bool {
	var start [8]byte
	n := copy(start[:], frame)
	Unmask(start[:], mask)
	text := bytes.TrimLeft(start[:n], " \t\r\n")
	switch {
	case len(text) == 0:
		return n > 0 // nothing but white space, so far
	case len(text) < n:
		return text[0] == '{' || text[0] == '['
	}
	return text[0] > ' ' && text[0] < 0x7f || text[0] == "\ufeff"[0]
}

// AppendFeatures appends the request's values to dst: rows × features of them,
// all finite. scale turns a byte into a feature; it is zero where the model
// takes no bytes.
func (m *BinaryMessage) AppendFeatures(dst []float32, features int, scale float32) ([]float32, *Error) {
	size := 4
	if m.DType == DTypeUint8 {
		size = 1
		if scale == 0 {
			return dst, Errorf(BadFeatures, "this model takes no uint8 values; send float32 (dtype 1)")
		}
	}
	// In 64 bits: the product of two counts from the wire cannot overflow.
	if want := int64(m.Rows) * int64(features) * int64(size); int64(len(m.Values)) != want {
		return dst, WrongCount(BadFeatures, int(int64(m.Rows)*int64(features)), len(m.Values)/size, "wrong number of values: expected rows × features")
	}
	if m.DType == DTypeUint8 {
		start := len(dst)
		dst = grow(dst, len(m.Values))
		readBytes(dst[start:], m.Values, m.Mask, scale)
		return dst, nil
	}
	start := len(dst)
	dst, finite := m.appendFloats(dst)
	if !finite {
		at := slices.IndexFunc(dst[start:], func(f float32) bool { return f-f != 0 }) // neither NaN nor infinity less itself is 0
		return dst[:start], Errorf(BadFeatures, "row %d, entry %d is NaN or infinite; send finite numbers", at/features, at%features)
	}
	return dst, nil
}

// Floats reads the float32 labels of feedback.
func (m *BinaryMessage) Floats() []float32 {
	values, _ := m.appendFloats(nil)
	return values
}

// appendFloats appends Values, and reports whether all are finite.
func (m *BinaryMessage) appendFloats(dst []float32) (values []float32, finite bool) {
	n := len(m.Values) / 4
	if n == 0 {
		return dst, true
	}
	start := len(dst)
	dst = grow(dst, n)
	return dst, readFloats(dst[start:], m.Values, m.Mask)
}

// grow makes dst n values longer, and no more: requests of one size follow each
// other.
func grow(dst []float32, n int) []float32 {
	if cap(dst)-len(dst) < n {
		grown := make([]float32, len(dst), len(dst)+n)
		copy(grown, dst)
		dst = grown
	}
	return dst[:len(dst)+n]
}
