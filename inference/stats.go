package inference

import "github.com/HdrHistogram/hdrhistogram-go"

// Stats counts what a pool did since it was made, in requests unless a name
// says rows, and tells how it stands now. At rest
//
//	Accepted = Predicted + Failed + Unavailable + Expired + Cancelled + Discarded + Stopped
//
// and nothing is in flight.
type Stats struct {
	Accepted    uint64 // let in by Submit
	Predicted   uint64 // answered with scores
	Failed      uint64 // answered with model_error
	Unavailable uint64 // answered with unavailable: the engine was away
	Expired     uint64 // answered with deadline_exceeded
	Cancelled   uint64 // answered with cancelled
	Stopped     uint64 // answered as the pool stopped
	Discarded   uint64 // their stream closed first; nobody was there to answer

	Shed    uint64 // refused by Submit: the queue was full
	Refused uint64 // refused by Submit: draining or stopped

	RowsPredicted uint64
	Batches       uint64
	BatchRows     uint64 // rows of all batches; BatchRows/Batches is the mean
	Panics        uint64 // calls of the engine that panicked or ended their goroutine; each replaced its worker's session

	SinkPanics uint64 // calls of a Sink that panicked or ended their goroutine

	BusySeconds float64 // summed over workers, up to this moment

	QueueRows    int // rows waiting now
	QueueLimit   int // rows that may wait
	InFlight     int // requests accepted and not yet resolved
	Workers      int
	StuckWorkers int // workers whose batch has run longer than Options.HangTimeout
}

// Latencies are histograms in microseconds, from 1 µs to 1 min at two
// significant digits.
type Latencies struct {
	Total *hdrhistogram.Histogram // arrival to reply
	Queue *hdrhistogram.Histogram // arrival to the start of the first batch
}

// NewLatencies returns empty histograms.
func NewLatencies() *Latencies {
	return &Latencies{Total: newHistogram(), Queue: newHistogram()}
}

const maxLatencyMicros = 60_000_000

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, maxLatencyMicros, 2)
}

// Merge adds the counts of other.
func (l *Latencies) Merge(other *Latencies) {
	l.Total.Merge(other.Total)
	l.Queue.Merge(other.Queue)
}

// Reset forgets all counts.
func (l *Latencies) Reset() {
	l.Total.Reset()
	l.Queue.Reset()
}
