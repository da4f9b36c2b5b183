package serving

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Ledger counts requests, by whatever front they came, and how each of them
// ended. At rest
//
//	Received = Predicted + Failed + Shed + Undeliverable
//
// It is made before those who count in it and those who read it. All may use it
// at the same time. The zero value is one without metrics.
type Ledger struct {
	received atomic.Uint64
	ended    [endings]atomic.Uint64
}

// Ending is what became of a request.
type Ending uint8

// A request ends in one of these.
const (
	Predicted     Ending = iota // answered with a prediction
	Failed                      // answered with a typed error other than overloaded
	Shed                        // answered with overloaded
	Undeliverable               // whoever asked was gone before the answer
	endings
)

// NewLedger makes a ledger and registers its counters, named
// penstock_requests_…_total, unless reg is nil.
func NewLedger(reg prometheus.Registerer) (*Ledger, error) {
	l := new(Ledger)
	if reg == nil {
		return l, nil
	}
	for _, c := range []struct {
		name, help string
		value      *atomic.Uint64
	}{
		{"received", "Predict messages received, and messages that could not be read.", &l.received},
		{"predicted", "Requests answered with a prediction.", &l.ended[Predicted]},
		{"failed", "Requests answered with a typed error other than overloaded.", &l.ended[Failed]},
		{"shed", "Requests answered with overloaded.", &l.ended[Shed]},
		{"undeliverable", "Requests whose client was gone before their reply.", &l.ended[Undeliverable]},
	} {
		if err := reg.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "penstock_requests_" + c.name + "_total", Help: c.help,
		}, func() float64 { return float64(c.value.Load()) })); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Received counts a message that is a request, or that could not be read. It is
// called before Answered for the same.
func (l *Ledger) Received() { l.received.Add(1) }

// Answered counts how a request ended: once for each that was received.
func (l *Ledger) Answered(how Ending) { l.ended[how].Add(1) }

// Lost counts n requests at once that nobody waits for any more.
func (l *Ledger) Lost(n int) { l.ended[Undeliverable].Add(uint64(n)) }

// Traffic is a reading of a ledger: requests since it was made.
type Traffic struct {
	Received, Predicted, Failed, Shed, Undeliverable uint64
}

// Traffic reads the ledger. What had ended was received: the sum of the others
// never exceeds Received.
func (l *Ledger) Traffic() Traffic {
	t := Traffic{
		Predicted: l.ended[Predicted].Load(), Failed: l.ended[Failed].Load(),
		Shed: l.ended[Shed].Load(), Undeliverable: l.ended[Undeliverable].Load(),
	}
	t.Received = l.received.Load() // last: it is counted first
	return t
}
