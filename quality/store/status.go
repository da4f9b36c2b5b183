package store

import (
	"context"
	"sync"
	"time"
)

// Status is how the store is.
type Status struct {
	Where    string // "memory" or "disk"
	Degraded bool   // the newest batch could not be written, and waits
	Reason   string // why, for people; empty unless Degraded
	Lost     uint64 // rows of outcomes that are in no history, since the store was opened
	Bytes    int64  // of the database
	Rows     uint64 // outcomes that are kept
	Oldest   time.Time
	Written  uint64 // rows, since the store was opened
	Waiting  uint64 // rows that could not be written yet
}

// state is a Status that can be asked for while the disk hangs.
type state struct {
	mu sync.Mutex
	Status
}

// Status says how the store is. It never waits for the disk. Oldest is when the oldest
// outcome that is kept was predicted, and zero where there is none.
func (s *Store) Status() Status {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.Status
}

func (s *Store) update(change func(*Status)) {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	change(&s.state.Status)
}

// measure looks how much is kept.
func (s *Store) measure(ctx context.Context) error {
	conn, err := s.writer.connection(ctx)
	if err != nil {
		return err
	}
	var rows, oldest, pages, size, free int64
	err = conn.QueryRowContext(ctx, "SELECT coalesce(sum(rows), 0), coalesce(min(predicted_from), 0) FROM chunk INDEXED BY chunk_series WHERE series IS NOT NULL").Scan(&rows, &oldest)
	if err != nil {
		return err
	}
	for pragma, into := range map[string]*int64{"page_count": &pages, "page_size": &size, "freelist_count": &free} {
		if err := conn.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(into); err != nil {
			return err
		}
	}
	s.update(func(now *Status) {
		now.Where = "memory"
		if s.options.Dir != "" {
			now.Where = "disk"
		}
		now.Bytes, now.Rows, now.Oldest = (pages-free)*size, uint64(rows), time.Time{}
		if rows > 0 {
			now.Oldest = time.Unix(0, oldest).UTC()
		}
	})
	return nil
}
