package store

import (
	"context"
	"time"

	"penstock/quality"
)

// Steps are how many steps there are to the form of this program.
func Steps() int { return len(steps) }

// Pragma changes a setting of the connection that writes: for a disk that is full or
// cannot be written.
func (s *Store) Pragma(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	conn, err := s.writer.connection(context.Background())
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(context.Background(), "PRAGMA "+text)
	return err
}

// Chunks counts the chunks, with and without a series.
func (s *Store) Chunks(t interface{ Fatal(...any) }) (outcomes, activity int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	conn, err := s.writer.connection(context.Background())
	if err == nil {
		err = conn.QueryRowContext(context.Background(), "SELECT count(series), count(*) - count(series) FROM chunk").Scan(&outcomes, &activity)
	}
	if err != nil {
		t.Fatal(err)
	}
	return outcomes, activity
}

// AddStep adds a step to a further form, until undo is called.
func AddStep(step string) (undo func()) {
	before := steps
	steps = append(steps[:len(steps):len(steps)], step)
	return func() { steps = before }
}

// MakeForm makes a database that has taken so many steps.
func MakeForm(t interface{ Fatal(...any) }, path string, taken int) {
	before := steps
	steps = steps[:taken]
	defer func() { steps = before }()
	db, err := connect(path, writing)
	if err == nil {
		err = migrate(context.Background(), db)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Round is what Run does each half second.
func (s *Store) Round(take func(*quality.Batch), now time.Time) { s.round(take, now) }
