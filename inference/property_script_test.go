package inference_test

import (
	"errors"
	"math"
	"time"

	"pgregory.net/rapid"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
)

// script is all that is drawn for one run of TestEveryRequestEndsOnce: what
// streams do, how long the engine's calls take, how it all ends.
type script struct {
	opt     inference.Options
	calls   []time.Duration // of the engine, by turns
	streams [][]*ask
	shares  []inference.Share // of each stream: few names, each perhaps with several weights
	closes  []time.Duration   // when each stream closes; at the end if there is none
	stopAt  time.Duration     // zero: when all is submitted
	drain   time.Duration     // before the stop, at most
	fates   map[uint32]modeltest.Fate
	byNonce map[uint32]*ask
}

// ask is one request to be made. Its nonces are nobody else's.
type ask struct {
	first    uint32
	rows     int
	pause    time.Duration // before it is submitted
	deadline time.Duration // zero for none
	cancel   time.Duration // after its admission; zero for never
	lead     bool          // the submitter runs the batch itself, if it may
	poisoned bool
	away     bool // a batch with rows of it met an engine that was away; the play's mutex guards it

	submitted time.Time // written before Submit
}

func drawScript(t *rapid.T) *script {
	millis := func(label string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, label)) * time.Millisecond
	}
	sometimes := func(label string, most int) time.Duration {
		return rapid.OneOf(rapid.Just(time.Duration(0)), rapid.Map(rapid.IntRange(1, most), func(n int) time.Duration {
			return time.Duration(n) * time.Millisecond
		})).Draw(t, label)
	}
	s := &script{fates: make(map[uint32]modeltest.Fate), byNonce: make(map[uint32]*ask)}
	window := rapid.IntRange(1, 40).Draw(t, "window")
	s.opt = inference.Options{
		Workers:     rapid.IntRange(1, 4).Draw(t, "workers"),
		MaxBatch:    rapid.IntRange(1, 16).Draw(t, "max batch"),
		Window:      window,
		QueueRows:   window * rapid.IntRange(1, 5).Draw(t, "queue"),
		HangTimeout: 80 * time.Millisecond,
	}
	s.calls = rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 12), func(n int) time.Duration {
		if n == 12 {
			return 100 * time.Millisecond // longer than the hang timeout
		}
		return time.Duration(n/3) * time.Millisecond
	}), 1, 8).Draw(t, "calls")

	nonce := uint32(0)
	for range rapid.IntRange(1, 6).Draw(t, "streams") {
		var asks []*ask
		for range rapid.IntRange(0, 25).Draw(t, "requests") {
			a := &ask{
				first: nonce, rows: rapid.IntRange(1, window).Draw(t, "rows"), pause: millis("pause", 3),
				deadline: sometimes("deadline", 20), cancel: sometimes("cancel", 8),
				lead: rapid.Bool().Draw(t, "lead"),
			}
			s.poison(t, a)
			nonce += uint32(a.rows)
			asks = append(asks, a)
		}
		s.streams = append(s.streams, asks)
		s.shares = append(s.shares, inference.Share{
			Name:   rapid.SampledFrom([]string{"", "ann", "bob"}).Draw(t, "caller"),
			Weight: rapid.SampledFrom([]int{0, 1, 1, 2, 7, 1000}).Draw(t, "weight"),
		})
		s.closes = append(s.closes, sometimes("close", 60))
	}
	s.stopAt, s.drain = sometimes("stop", 60), millis("drain", 20)
	return s
}

// poison gives some requests a row on which the engine fails, or is away.
func (s *script) poison(t *rapid.T, a *ask) {
	for i := range a.rows {
		s.byNonce[a.first+uint32(i)] = a
	}
	fates := []modeltest.Fate{{Err: errPoison}, {Panic: "poison"}, {NaN: true}, {Err: errAway}}
	if kind := rapid.IntRange(0, 14).Draw(t, "poison"); kind < len(fates) {
		row := rapid.IntRange(0, a.rows-1).Draw(t, "poisoned row")
		s.fates[a.first+uint32(row)] = fates[kind]
		a.poisoned = !errors.Is(fates[kind].Err, model.ErrUnavailable)
	}
}

// garbage is what a test writes into memory that is its own again: no row of
// the oracle has such a value.
const garbage = math.Pi
