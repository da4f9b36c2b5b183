package store

import (
	"time"

	"penstock/quality"
	"penstock/quality/store/chunk"
)

// waiting is what could not be written, oldest first, each batch as compact as it
// would be on the disk.
type waiting struct {
	list  []packed
	bytes int
	coder chunk.Coder

	since time.Time // the disk fails
	pause time.Duration
	again time.Time // is the next try
}

// packed is a batch, its outcomes as chunks.
type packed struct {
	of     []quality.Outcomes // without columns, one for each chunk
	chunks [][]byte
	rest   quality.Batch // without outcomes
	rows   uint64
	bytes  int
}

func (w *waiting) any() bool { return len(w.list) > 0 }

// add lets a batch wait, or drops it where too much waits.
func (w *waiting) add(s *Store, b *quality.Batch) {
	p, err := w.pack(b)
	if p.bytes == 0 && err == nil {
		return
	}
	if err != nil || w.bytes+p.bytes > mostWaiting {
		w.dropped(s, p.rows)
		return
	}
	w.list = append(w.list, p)
	w.bytes += p.bytes
	s.update(func(st *Status) { st.Waiting += p.rows })
}

// dropped counts rows that are in no history.
func (w *waiting) dropped(s *Store, rows uint64) {
	s.update(func(st *Status) { st.Lost += rows })
}

// roughly how many bytes an activity and an event take.
const (
	activityBytes = 96
	eventBytes    = 128
)

func (w *waiting) pack(b *quality.Batch) (packed, error) {
	p := packed{rest: quality.Batch{Activity: append([]quality.Activity(nil), b.Activity...), Events: append([]quality.Event(nil), b.Events...)}}
	p.bytes = activityBytes * len(b.Activity)
	for i := range b.Events {
		p.bytes += eventBytes + len(b.Events[i].Text)
	}
	for i := range b.Outcomes {
		p.rows += uint64(b.Outcomes[i].Len())
	}
	for i := range b.Outcomes {
		o := &b.Outcomes[i]
		for from := 0; from < o.Len(); {
			to := from + chunk.Fits(o, from)
			blob, err := w.coder.Append(nil, o, from, to)
			if err != nil {
				return p, err
			}
			p.of = append(p.of, quality.Outcomes{Model: o.Model, Version: o.Version, Kind: o.Kind, Classes: o.Classes})
			p.chunks = append(p.chunks, blob)
			p.bytes += len(blob)
			from = to
		}
	}
	return p, nil
}

// first is the batch that has waited longest.
func (w *waiting) first() (*quality.Batch, error) {
	p := &w.list[0]
	b := p.rest
	for i, blob := range p.chunks {
		o := p.of[i]
		if err := w.coder.Read(blob, &o); err != nil {
			return nil, err
		}
		b.Outcomes = append(b.Outcomes, o)
	}
	return &b, nil
}

// remove takes the first away: it is written.
func (w *waiting) remove(s *Store) {
	p := w.list[0]
	w.list[0] = packed{}
	w.list = w.list[1:]
	w.bytes -= p.bytes
	s.update(func(st *Status) { st.Waiting -= p.rows })
}

// lose gives up what waits.
func (w *waiting) lose(s *Store) {
	for w.any() {
		rows := w.list[0].rows
		w.remove(s)
		w.dropped(s, rows)
	}
}
