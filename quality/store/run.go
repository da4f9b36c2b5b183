package store

import (
	"context"
	"log/slog"
	"time"

	"penstock/quality"
)

const (
	// interval is how often batches are written: what is lost with the machine is not
	// older, nor what is seen.
	interval = 500 * time.Millisecond
	// tidied is how often what is too old or too much is looked for.
	tidied = time.Minute
	// longestPause bounds the time between two tries to write to a disk that fails.
	longestPause = 10 * time.Second
	// mostWaiting bounds the bytes of what waits for a disk that fails.
	mostWaiting = 64 << 20
)

// Run takes a batch each 500 ms and writes it, until ctx ends; then it takes the last,
// writes it, and returns. Each minute it gives up what is too old or too much.
//
// A batch that cannot be written waits, as compact as on the disk, and is tried again
// after a growing pause of at most 10 s; meanwhile the store is degraded. When 64 MiB
// wait, the newest is dropped and counted as lost. What still waits at the end is lost
// and the error tells so.
func (s *Store) Run(ctx context.Context, take func(*quality.Batch)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	tidy := time.NewTicker(tidied)
	defer tidy.Stop()
	s.tidy(time.Now())
	for {
		select {
		case <-ticker.C:
			s.round(take, time.Now())
		case <-tidy.C:
			s.tidy(time.Now())
		case <-ctx.Done():
			return s.last(take)
		}
	}
}

// round takes a batch and writes it, after those that wait.
func (s *Store) round(take func(*quality.Batch), now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b quality.Batch
	take(&b)
	s.waiting.dropped(s, b.Dropped)
	if s.waiting.any() && now.Before(s.waiting.again) {
		s.waiting.add(s, &b)
		return
	}
	if s.drainAt(now) != nil {
		s.waiting.add(s, &b)
		return
	}
	if s.offerAt(&b, now) == nil && s.Status().Bytes > s.options.Bytes {
		s.tidyOr(now)
	}
}

// tidy frees what can be freed, also while the disk fails: it may be full.
func (s *Store) tidy(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidyOr(now)
}

func (s *Store) tidyOr(now time.Time) {
	if err := s.tidyLocked(now); err != nil {
		s.failed(err, now)
	}
}

// last is the round at the end. It tries to write whatever waits.
func (s *Store) last(take func(*quality.Batch)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b quality.Batch
	take(&b)
	s.waiting.dropped(s, b.Dropped)
	err := s.drain()
	if err != nil {
		s.waiting.add(s, &b)
	} else {
		err = s.offer(&b)
	}
	if err != nil {
		s.waiting.lose(s)
	}
	return err
}

func (s *Store) drain() error                 { return s.drainAt(time.Now()) }
func (s *Store) offer(b *quality.Batch) error { return s.offerAt(b, time.Now()) }

// offerAt writes a batch, or lets it wait. The caller holds s.mu, as for all of these.
func (s *Store) offerAt(b *quality.Batch, now time.Time) error {
	err := s.writeLocked(b)
	if err != nil {
		s.waiting.add(s, b)
		s.failed(err, now)
	}
	return err
}

// drainAt writes what waits.
func (s *Store) drainAt(now time.Time) error {
	for s.waiting.any() {
		b, err := s.waiting.first()
		if err == nil {
			err = s.writeLocked(b)
		}
		if err != nil {
			s.failed(err, now)
			return err
		}
		s.waiting.remove(s)
	}
	if s.instead == nil && s.Status().Degraded {
		s.recovered(now)
	}
	return nil
}

// failed notes that the disk failed, and when to try again.
func (s *Store) failed(err error, now time.Time) {
	s.waiting.pause = min(max(2*s.waiting.pause, interval), longestPause)
	s.waiting.again = now.Add(s.waiting.pause)
	was := false
	s.update(func(st *Status) {
		was = st.Degraded
		st.Degraded, st.Reason = true, err.Error()
	})
	if !was {
		s.waiting.since = now
		s.options.Logger.Error("quality: the history cannot be written; predictions and labels go on", slog.Any("error", err))
	}
}

// recovered notes that the disk does not fail any more.
func (s *Store) recovered(now time.Time) {
	s.update(func(st *Status) { st.Degraded, st.Reason = false, "" })
	away := now.Sub(s.waiting.since).Round(time.Second)
	s.waiting.pause = 0
	s.options.Logger.Info("quality: the history is written again", slog.Duration("after", away), slog.Uint64("lost_rows", s.Status().Lost))
	_ = s.writeLocked(&quality.Batch{Events: []quality.Event{{
		At: now.UnixNano(), Kind: "disk", Text: "the history could not be written for " + away.String(),
	}}})
}
