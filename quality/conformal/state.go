package conformal

import (
	"encoding/binary"
	"fmt"
	"math"

	"penstock/quality/fair"
)

// stateVersion is the first byte of a Window's state.
const stateVersion = 2

// StateError says why bytes are not the state of a Window.
type StateError struct{ Reason string }

func (e *StateError) Error() string {
	return "the state of the sets " + e.Reason + "; start without it, and it is learned again from 2,000 labels"
}

func wrong(format string, args ...any) error {
	return &StateError{Reason: fmt.Sprintf(format, args...)}
}

const (
	headerBytes = 1 + 8 + 1 + 2 // version, pace, alphas, rows
	levelBytes  = 8 + 8
	rowBytes    = 8 + 8 + 1 + 4 // caller, time, whether it counted, conformity
)

// AppendBinary appends the state: 21 bytes a row and a few more. Its error is nil.
func (w *Window) AppendBinary(dst []byte) ([]byte, error) {
	dst = append(dst, stateVersion)
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(w.pace))
	dst = append(dst, byte(len(w.alphas)))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(w.rows)))
	for i := range w.alphas {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(w.alphas[i]))
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(w.levels[i]))
	}
	w.seats.Each(func(one fair.Row) {
		dst = binary.LittleEndian.AppendUint64(dst, one.Caller)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(one.At))
		counted := byte(0)
		if one.Counted {
			counted = 1
		}
		dst = append(dst, counted)
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(w.rows[one.Place]))
	})
	return dst, nil
}

// UnmarshalBinary puts the state in place of what the window has, alphas too. Its
// errors are StateErrors, and leave the window as it was.
func (w *Window) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || b[0] != stateVersion {
		return wrong("is not of version %d", stateVersion)
	}
	if len(b) < headerBytes {
		return wrong("ends after %d bytes; expected %d or more", len(b), headerBytes)
	}
	next := Window{seats: fair.New(Most), pace: math.Float64frombits(binary.LittleEndian.Uint64(b[1:]))}
	if !(next.pace >= 0 && next.pace < 1) {
		return wrong("has a pace of %v; expected 0 to 1", next.pace)
	}
	alphas, rows := int(b[9]), int(binary.LittleEndian.Uint16(b[10:]))
	if b = b[headerBytes:]; rows > Most || len(b) != levelBytes*alphas+rowBytes*rows {
		return wrong("has %d bytes for %d alphas and %d rows", len(b), alphas, rows)
	}
	if err := next.readLevels(b[:levelBytes*alphas]); err != nil {
		return err
	}
	for b = b[levelBytes*alphas:]; len(b) > 0; b = b[rowBytes:] {
		x := math.Float32frombits(binary.LittleEndian.Uint32(b[17:]))
		if x != x || b[16] > 1 {
			return wrong("has a conformity that is no number")
		}
		next.put(next.seats.Restore(fair.Row{
			Caller: binary.LittleEndian.Uint64(b), At: int64(binary.LittleEndian.Uint64(b[8:])), Counted: b[16] == 1,
		}), x)
	}
	*w = next
	return nil
}

func (w *Window) readLevels(b []byte) error {
	for ; len(b) > 0; b = b[16:] {
		alpha := math.Float64frombits(binary.LittleEndian.Uint64(b))
		level := math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
		if low, high := bounds(alpha); !(level >= low && level <= high) {
			return wrong("has a level of %v for an alpha of %v; expected %v to %v", level, alpha, low, high)
		}
		w.alphas, w.levels = append(w.alphas, alpha), append(w.levels, level)
	}
	if !isGrid(w.alphas) {
		return wrong("has the alphas %v; expected at most %d that rise from 0 to 1", w.alphas, Slots)
	}
	return nil
}
