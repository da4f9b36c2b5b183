package bench

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"penstock/client"
	"penstock/protocol"
)

// tally counts what became of requests. Several connections may share one.
type tally struct {
	mu        sync.Mutex
	offered   uint64 // meant to be sent in the measured time
	predicted uint64
	shed      uint64 // overloaded or rate_limited, said by the server
	good      uint64 // predictions that arrived in the measured time, in theirs
	errors    map[string]uint64
	unsent    map[string]uint64
	latency   *hdrhistogram.Histogram // µs, of predictions
	shedding  *hdrhistogram.Histogram // µs, of sheds
}

// newTally counts from a microsecond to ten minutes at three digits.
func newTally() *tally {
	return &tally{errors: map[string]uint64{}, unsent: map[string]uint64{},
		latency: newHistogram(), shedding: newHistogram()}
}

const longest = 10 * time.Minute

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest.Microseconds(), 3) }

func (t *tally) offer() {
	t.mu.Lock()
	t.offered++
	t.mu.Unlock()
}

// refuse counts a request that the client did not send.
func (t *tally) refuse(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.offered-- // a closed loop that ended while it waited for room
		return
	}
	name := codeOf(err)
	if name == protocol.Overloaded.String() {
		name = "window_full"
	}
	t.unsent[name]++
}

// settle counts an answer. Measured tells that the request was meant for the
// measured time, within that its answer came in it.
func (t *tally) settle(measured, within bool, took, deadline time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && within && (deadline == 0 || took <= deadline) {
		t.good++
	}
	if !measured {
		return
	}
	if err == nil {
		t.predicted++
		record(t.latency, took)
		return
	}
	switch name := codeOf(err); name {
	case protocol.Overloaded.String(), protocol.RateLimited.String():
		t.shed++
		t.errors[name]++
		record(t.shedding, took)
	default:
		t.errors[name]++
	}
}

// late records how late a request left.
func (t *tally) late(by time.Duration) { record(t.latency, by) }

func (t *tally) merge(other *tally) {
	other.mu.Lock()
	defer other.mu.Unlock()
	t.offered += other.offered
	t.predicted += other.predicted
	t.shed += other.shed
	t.good += other.good
	for name, n := range other.errors {
		t.errors[name] += n
	}
	for name, n := range other.unsent {
		t.unsent[name] += n
	}
	t.latency.Merge(other.latency)
	t.shedding.Merge(other.shedding)
}

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d.Microseconds(), 1), longest.Microseconds())) // always in range
}

// codeOf names an error in a report.
func codeOf(err error) string {
	var wire *protocol.Error
	var conn *client.ConnError
	switch {
	case errors.As(err, &wire):
		return wire.Code.String()
	case errors.As(err, &conn):
		return "connection_lost"
	}
	return "other"
}
