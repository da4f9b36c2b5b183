package protocol

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
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

// FlagWide is of feedback: each row has several labels.
const FlagWide = 1 << 2

// DecodeBinary reads the header of a binary frame's payload, which is masked
// with a key, or with zero; see Unmask. When it fails, a.ID still holds the
// request's id if that could be read, and else that of zero. Whether there are as
// many values as there should be only the model can tell; see Rows.
func (d *Decoder) DecodeBinary(frame []byte, mask uint32, a *Ask) *Error {
	a.reset()
	a.Binary, a.mask = true, mask
	d.m = a
	err := a.readHeader(frame)
	a.number = strconv.AppendUint(a.number, a.Number, 10)
	a.ID = a.number
	return err
}

func (a *Ask) readHeader(frame []byte) *Error {
	if looksLikeText(frame, a.mask) {
		return Errorf(BadMessage, "this looks like JSON or text in a binary message; send text in text messages, or kind 0x01 (request) or 0x02 (feedback)")
	}
	if len(frame) < binaryFeedbackHeader {
		return WrongCount(BadMessage, binaryFeedbackHeader, len(frame), "the binary frame is shorter than its header")
	}
	// Both headers are multiples of four bytes: behind them the key begins anew.
	var header [binaryRequestHeader]byte
	copy(header[:], frame)
	Unmask(header[:], a.mask)
	flags := binary.LittleEndian.Uint16(header[2:])
	a.Number = binary.LittleEndian.Uint64(header[8:])
	a.Rows = int(min(binary.LittleEndian.Uint32(header[4:]), math.MaxInt32))
	switch header[0] {
	case BinaryPredict:
		a.Kind = KindPredict
		return a.readRequest(frame, &header, flags)
	case BinaryFeedback:
		a.Kind = KindFeedback
		return a.readFeedback(frame, flags)
	}
	return Errorf(BadMessage, "kind is %#x; expected 0x01 (request) or 0x02 (feedback)", header[0])
}

func (a *Ask) readRequest(frame []byte, header *[binaryRequestHeader]byte, flags uint16) *Error {
	if len(frame) < binaryRequestHeader {
		return WrongCount(BadMessage, binaryRequestHeader, len(frame), "the binary request is shorter than its header")
	}
	if a.dtype = header[1]; a.dtype != DTypeFloat32 && a.dtype != DTypeUint8 {
		return Errorf(BadMessage, "dtype is %d; expected 1 (float32) or 2 (uint8)", a.dtype)
	}
	if flags&^(FlagScores|FlagTiming) != 0 {
		return Errorf(BadMessage, "flags are %#x; expected bits 0 (scores) and 1 (timing) only", flags)
	}
	a.Many, a.Scores, a.Timing = true, flags&FlagScores != 0, flags&FlagTiming != 0
	a.Deadline = time.Duration(binary.LittleEndian.Uint32(header[16:])) * time.Microsecond
	a.ModelIndex = int(min(binary.LittleEndian.Uint32(header[20:]), math.MaxInt32))
	a.values = frame[binaryRequestHeader:]
	return nil
}

// readFeedback reads labels: one number a row or, with FlagWide, as many as the frame
// has for each.
func (a *Ask) readFeedback(frame []byte, flags uint16) *Error {
	a.values = frame[binaryFeedbackHeader:]
	numbers := len(a.values) / 4
	if flags&FlagWide == 0 {
		if numbers != a.Rows || len(a.values)%4 != 0 {
			return WrongCount(BadLabel, a.Rows, numbers, "feedback needs one float32 label per row")
		}
		return nil
	}
	if a.Rows == 0 || numbers == 0 || numbers%a.Rows != 0 || len(a.values)%4 != 0 {
		return WrongCount(BadLabel, a.Rows, numbers, "feedback of several labels needs as many float32 for each row")
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

// readBinary appends the values of a binary request to Features: rows of a model, all
// of which are finite, but for NaN where something may be missing.
func (a *Ask) readBinary(row *Row) *Error {
	size := 4
	if a.dtype == DTypeUint8 {
		size = 1
		if row.Uint8Scale == 0 {
			return Errorf(BadFeatures, "this model takes no uint8 values; send float32 (dtype 1)")
		}
	}
	// In 64 bits: the product of two counts from the wire cannot overflow.
	if want := int64(a.Rows) * int64(row.Features) * int64(size); int64(len(a.values)) != want {
		return WrongCount(BadFeatures, int(int64(a.Rows)*int64(row.Features)), len(a.values)/size, "wrong number of values: expected rows × features")
	}
	a.Width = row.Features
	a.Features = grow(a.Features[:0], len(a.values)/size)
	if a.dtype == DTypeUint8 {
		readBytes(a.Features, a.values, a.mask, float32(row.Uint8Scale))
		return nil
	}
	if readFloats(a.Features, a.values, a.mask) {
		return nil
	}
	return row.checkFinite(a.Features)
}

// checkFinite refuses the first value that may not be there.
func (r *Row) checkFinite(values []float32) *Error {
	for i, v := range values {
		if v-v == 0 { // neither NaN nor infinite: those less themselves are NaN
			continue
		}
		at := i % r.Features
		if v != v && r.MayMiss != nil && r.MayMiss[at] {
			continue
		}
		if v != v && r.MayMiss != nil {
			return Errorf(BadFeatures, "row %d, entry %d is NaN, and this feature may not be missing; send a finite number", i/r.Features, at)
		}
		return Errorf(BadFeatures, "row %d, entry %d is NaN or infinite; send finite numbers", i/r.Features, at)
	}
	return nil
}

// Floats reads the float32 labels of feedback.
func (a *Ask) Floats() []float32 {
	if len(a.values) < 4 {
		return nil
	}
	values := make([]float32, len(a.values)/4)
	readFloats(values, a.values, a.mask)
	return values
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
