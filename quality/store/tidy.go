package store

import (
	"context"
	"time"
)

const (
	// leastKept is how long what rows add up to in minutes is kept at least.
	leastKept = 31 * 24 * time.Hour
	// keptMonths is how long what they add up to in hours and days is kept, and events.
	keptMonths = 13
	// keptEvents is how many events are kept: who labels may cause some each second.
	keptEvents = 20_000
)

// Tidy gives up what is older than is to be kept, and the oldest outcomes where the
// database has more bytes than it may have, and joins small chunks to larger ones. Run
// does so each minute.
func (s *Store) Tidy(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tidyLocked(now)
}

func (s *Store) tidyLocked(now time.Time) error {
	if err := s.usable(); err != nil {
		return err
	}
	for _, one := range []func(*writer) error{
		func(w *writer) error { return w.expire(now, s.options.Keep) },
		func(w *writer) error { return w.shrink(s.options.Bytes) },
	} {
		if err := s.transact(one); err != nil {
			return err
		}
	}
	if err := s.join(); err != nil {
		return err
	}
	if err := s.transact((*writer).release); err != nil {
		return err
	}
	return explained(s.options.Dir, s.measure(context.Background()))
}

// expire gives up what is too old.
func (w *writer) expire(now time.Time, keep time.Duration) error {
	if err := w.drop("predicted_to < ?", now.Add(-keep).UnixNano()); err != nil {
		return err
	}
	minutes, all := now.Add(-max(keep, leastKept)).Unix(), now.AddDate(0, -keptMonths, 0)
	for _, one := range []struct {
		query string
		at    int64
	}{
		{"DELETE FROM minute WHERE series IN (SELECT id FROM series) AND late IN (0, 1) AND span = 60 AND at < ?", minutes},
		{"DELETE FROM minute WHERE series IN (SELECT id FROM series) AND late IN (0, 1) AND span IN (60, 3600, 86400) AND at < ?", all.Unix()},
		{"DELETE FROM caller_hour WHERE series IN (SELECT id FROM series) AND late IN (0, 1) AND at < ?", all.Unix()},
		{"DELETE FROM slice_hour WHERE series IN (SELECT id FROM series) AND late IN (0, 1) AND at < ?", all.Unix()},
		{"DELETE FROM cell WHERE series IN (SELECT id FROM series) AND late IN (0, 1) AND at < ?", all.Unix()},
		{"DELETE FROM event WHERE at < ?", all.UnixNano()},
		{"DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - ?", keptEvents},
	} {
		if _, err := w.exec(one.query, one.at); err != nil {
			return err
		}
	}
	return nil
}

// horizon is the newest prediction of all chunks that were given up: of what is not
// newer it is not known whether it was there.
const horizon = "horizon"

// drop gives up chunks, and notes how new their rows were.
func (w *writer) drop(which string, a ...any) error {
	_, err := w.exec(`INSERT INTO meta SELECT '`+horizon+`', max(predicted_to) FROM chunk
		WHERE series IS NOT NULL AND `+which+` HAVING max(predicted_to) IS NOT NULL
		ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`, a...)
	if err != nil {
		return err
	}
	_, err = w.exec("DELETE FROM chunk WHERE "+which, a...)
	return err
}

// slack is which part of the bytes is freed beyond what must be, so that not every
// batch must free some.
const slack = 64

// shrink gives up the oldest chunks until the database has at most so many bytes.
func (w *writer) shrink(most int64) error {
	bytes, err := w.bytes(context.Background())
	if err != nil || bytes <= most {
		return err
	}
	excess := bytes - most + most/slack
	// The age of the newest chunk that must go: the sum runs over all that are older.
	var until int64
	found, err := w.value(&until, `SELECT predicted_to FROM (
			SELECT predicted_to, sum(bytes) OVER (ORDER BY predicted_to) AS freed FROM chunk INDEXED BY chunk_age)
		WHERE freed >= ? ORDER BY predicted_to LIMIT 1`, excess)
	if err != nil {
		return err
	}
	if !found {
		return w.halve()
	}
	return w.drop("predicted_to <= ?", until)
}

// halve gives up all outcomes and the older half of the minutes: where even that is too
// much, it is called again. Hours and days stay; they are few.
func (w *writer) halve() error {
	if err := w.drop("TRUE"); err != nil {
		return err
	}
	_, err := w.exec("DELETE FROM minute WHERE span = 60 AND at <= (SELECT (min(at) + max(at)) / 2 FROM minute WHERE span = 60)")
	return err
}

// release gives pages that are not used back to the file system, where they are many:
// others are soon used again.
func (w *writer) release() error {
	var pages, free int64
	for pragma, into := range map[string]*int64{"PRAGMA page_count": &pages, "PRAGMA freelist_count": &free} {
		if _, err := w.value(into, pragma); err != nil {
			return err
		}
	}
	if free < 1024 || free < pages/8 {
		return nil
	}
	_, err := w.conn.ExecContext(context.Background(), "PRAGMA incremental_vacuum(4096)")
	return err
}
