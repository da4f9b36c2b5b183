package calibrate

import (
	"encoding/binary"
	"fmt"
	"math"

	"penstock/quality/fair"
)

// stateVersion is the first byte of a Fitter's state.
const stateVersion = 2

const (
	headerBytes = 1 + 1 + 1 + 3*8 + 3*2 + 8 // version, frozen, kind, A B C, since, settles, rows, fitted
	rowBytes    = 8 + 8 + 1 + 4             // caller, time, whether it counted, confidence with its sign turned when wrong
)

// StateError says why bytes are not the state of a Fitter.
type StateError struct{ Reason string }

func (e *StateError) Error() string {
	return "the state of a calibration " + e.Reason + "; start without it, and it is learned again from 2,000 labels"
}

func wrong(format string, args ...any) error {
	return &StateError{Reason: fmt.Sprintf(format, args...)}
}

// AppendBinary appends the state: 21 bytes a row and a few more. Its error is nil.
func (f *Fitter) AppendBinary(dst []byte) ([]byte, error) {
	c := f.current
	dst = append(dst, stateVersion, flag(f.frozen), byte(c.Kind))
	for _, x := range []float64{c.A, c.B, c.C} {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
	}
	dst = binary.LittleEndian.AppendUint16(dst, uint16(f.since))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(f.settles))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(f.rows)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(f.fitted))
	f.seats.Each(func(one fair.Row) {
		r := &f.rows[one.Place]
		p := r.p
		if !r.right {
			p = -p
		}
		dst = binary.LittleEndian.AppendUint64(dst, r.caller)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(one.At))
		dst = append(dst, flag(one.Counted))
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(p))
	})
	return dst, nil
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// UnmarshalBinary puts the state in place of what the fitter has. Its errors are
// StateErrors, and leave the fitter as it was.
func (f *Fitter) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || b[0] != stateVersion {
		return wrong("is not of version %d", stateVersion)
	}
	if len(b) < headerBytes {
		return wrong("ends after %d bytes; expected %d or more", len(b), headerBytes)
	}
	if b[1] > 1 {
		return wrong("has %d where 0 or 1 is expected", b[1])
	}
	next := NewFitter()
	next.frozen = b[1] == 1
	if err := next.readCurrent(b[2:]); err != nil {
		return err
	}
	if err := next.readCounts(b[27:]); err != nil {
		return err
	}
	if err := next.readRows(int(binary.LittleEndian.Uint16(b[31:])), b[headerBytes:]); err != nil {
		return err
	}
	*f = *next
	return nil
}

func (f *Fitter) readCurrent(b []byte) error {
	c := Calibrator{Kind: Kind(b[0])}
	for i, x := range []*float64{&c.A, &c.B, &c.C} {
		*x = math.Float64frombits(binary.LittleEndian.Uint64(b[1+8*i:]))
	}
	f.current = &c
	return c.check()
}

func (f *Fitter) readCounts(b []byte) error {
	f.since = int(binary.LittleEndian.Uint16(b))
	f.settles = int(binary.LittleEndian.Uint16(b[2:]))
	if f.since > Window || f.settles > Window {
		return wrong("is %d labels after a fit and %d before what it found holds; expected at most %d of both", f.since, f.settles, Window)
	}
	f.fitted = int64(binary.LittleEndian.Uint64(b[6:]))
	return nil
}

func (f *Fitter) readRows(n int, b []byte) error {
	if n > Window || len(b) != n*rowBytes {
		return wrong("has %d bytes for %d rows; expected %d for each, and %d rows at most", len(b), n, rowBytes, Window)
	}
	for ; len(b) > 0; b = b[rowBytes:] {
		p := math.Float32frombits(binary.LittleEndian.Uint32(b[17:]))
		right := !math.Signbit(float64(p))
		if !right {
			p = -p
		}
		if !(p >= 0 && p <= 1) {
			return wrong("has a confidence of %v; expected 0 to 1", p)
		}
		if b[16] > 1 {
			return wrong("has %d where 0 or 1 is expected", b[16])
		}
		r := fair.Row{Caller: binary.LittleEndian.Uint64(b), At: int64(binary.LittleEndian.Uint64(b[8:])), Counted: b[16] == 1}
		f.put(f.seats.Restore(r), row{caller: r.Caller, p: p, right: right})
	}
	return nil
}

// check refuses what no fit makes.
func (c *Calibrator) check() error {
	usable := func(x float64) bool { return x >= least && !math.IsInf(x, 0) }
	switch {
	case c.Kind == Identity && c.A == 0 && c.B == 0 && c.C == 0:
	case c.Kind == Temperature && usable(c.A) && c.A == c.B && c.C == 0:
	case c.Kind == Beta && usable(c.A) && usable(c.B) && !math.IsNaN(c.C) && !math.IsInf(c.C, 0):
	default:
		return wrong("has a calibrator %v with %v, %v and %v", c.Kind, c.A, c.B, c.C)
	}
	return nil
}
