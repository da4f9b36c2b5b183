package client

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"time"
)

// The longest deadlines that a message and a binary frame can carry. What is
// longer is sent as that: a deadline in days bounds nothing that a server does.
const (
	maxDeadline       = 24 * time.Hour
	maxBinaryDeadline = math.MaxUint32 * time.Microsecond // 71 minutes
)

const deadlineKey = `,"deadline_ms":`

// appendDeadline appends the member of a message; nothing for none.
func appendDeadline(dst []byte, d time.Duration) []byte {
	if d <= 0 {
		return dst
	}
	ms := float64(min(d, maxDeadline)) / float64(time.Millisecond)
	return strconv.AppendFloat(append(dst, deadlineKey...), ms, 'f', -1, 64)
}

// binaryDeadline is a deadline in the unit of binary frames; zero for none.
func binaryDeadline(d time.Duration) uint32 {
	if d <= 0 {
		return 0
	}
	return uint32(max(min(d, maxBinaryDeadline)/time.Microsecond, 1))
}

// setDeadline writes what is left of a deadline into a message that has one.
func (m *frame) setDeadline(left time.Duration) {
	if m.binary {
		if m.b[0] == 0x01 { // labels have none
			binary.LittleEndian.PutUint32(m.b[16:], binaryDeadline(left))
		}
		return
	}
	// The first such text is ours: it can stand neither in an id nor, unescaped,
	// in a model's name.
	before, after, found := bytes.Cut(m.b, []byte(deadlineKey))
	if !found {
		return
	}
	rest := after[bytes.IndexByte(after, ','):]
	m.b = append(appendDeadline(bytes.Clone(before), left), rest...)
}

// plus adds durations without running over.
func plus(a, b time.Duration) time.Duration {
	if b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}

// times multiplies a count from the wire with its unit, without running over.
func times(n int64, unit time.Duration) time.Duration {
	if n > int64(math.MaxInt64/unit) {
		return math.MaxInt64
	}
	return time.Duration(max(n, 0)) * unit
}
