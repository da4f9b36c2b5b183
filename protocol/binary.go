package protocol

import (
	"encoding/binary"
	"math"
	"time"
	"unsafe"
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
// the frame and shares its lifetime.
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
}

// DecodeBinary reads the header of a binary frame. When it fails, m.ID still
// holds the request's id if that could be read, and else zero. Whether Values
// has the right length only the model can tell; see AppendFeatures.
func DecodeBinary(frame []byte, m *BinaryMessage) *Error {
	*m = BinaryMessage{}
	if len(frame) < binaryFeedbackHeader {
		return WrongCount(BadMessage, binaryFeedbackHeader, len(frame), "the binary frame is shorter than its header")
	}
	m.Kind, m.DType = frame[0], frame[1]
	flags := binary.LittleEndian.Uint16(frame[2:])
	rows := binary.LittleEndian.Uint32(frame[4:])
	m.ID = binary.LittleEndian.Uint64(frame[8:])
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
		m.Deadline = time.Duration(binary.LittleEndian.Uint32(frame[16:])) * time.Microsecond
		m.Model = int(min(binary.LittleEndian.Uint32(frame[20:]), math.MaxInt32))
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
		for _, v := range m.Values {
			dst = append(dst, float32(v)*scale)
		}
		return dst, nil
	}
	if at := firstNotFinite(m.Values); at >= 0 {
		return dst, Errorf(BadFeatures, "row %d, entry %d is NaN or infinite; send finite numbers", at/features, at%features)
	}
	return appendFloat32(dst, m.Values), nil
}

// Floats reads the float32 labels of feedback.
func (m *BinaryMessage) Floats() []float32 { return appendFloat32(nil, m.Values) }

// littleEndian tells that memory holds numbers as the wire does, so that
// values are copied whole.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func appendFloat32(dst []float32, values []byte) []float32 {
	n := len(values) / 4
	if n == 0 {
		return dst
	}
	start := len(dst)
	if cap(dst)-start < n {
		grown := make([]float32, start, start+n)
		copy(grown, dst)
		dst = grown
	}
	dst = dst[:start+n]
	if littleEndian {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&dst[start])), 4*n), values)
		return dst
	}
	for i := range n {
		dst[start+i] = math.Float32frombits(binary.LittleEndian.Uint32(values[4*i:]))
	}
	return dst
}

// firstNotFinite returns the index of the first NaN or infinity among
// little-endian float32 values, −1 without.
//
// Their exponent is all ones: adding one to it, and to no other, carries into
// the sign bit. That is done for two values at a time and looked at once in
// sixteen.
func firstNotFinite(values []byte) int {
	const (
		exponents = 0x7f800000_7f800000
		ones      = 0x00800000_00800000
		signs     = 0x80000000_80000000
	)
	i := 0
	for ; i+64 <= len(values); i += 64 {
		b := values[i : i+64 : i+64]
		carries := (binary.LittleEndian.Uint64(b)&exponents + ones) |
			(binary.LittleEndian.Uint64(b[8:])&exponents + ones) |
			(binary.LittleEndian.Uint64(b[16:])&exponents + ones) |
			(binary.LittleEndian.Uint64(b[24:])&exponents + ones) |
			(binary.LittleEndian.Uint64(b[32:])&exponents + ones) |
			(binary.LittleEndian.Uint64(b[40:])&exponents + ones) |
			(binary.LittleEndian.Uint64(b[48:])&exponents + ones) |
			(binary.LittleEndian.Uint64(b[56:])&exponents + ones)
		if carries&signs != 0 {
			break
		}
	}
	for ; i+4 <= len(values); i += 4 {
		if binary.LittleEndian.Uint32(values[i:])&0x7f800000 == 0x7f800000 {
			return i / 4
		}
	}
	return -1
}
