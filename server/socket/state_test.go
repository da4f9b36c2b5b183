package socket

import (
	"sync"
	"testing"
)

// A phase only goes forward, whoever is first.
func TestPhasesGoForward(t *testing.T) {
	var s state
	if !s.listens() || s.ended() {
		t.Fatal("a new connection is at its end")
	}
	var everybody sync.WaitGroup
	for _, to := range []phase{dropped, leaving, stopped, leaving} {
		everybody.Go(func() { s.advance(to) })
	}
	everybody.Wait()
	if s.now() != dropped || s.listens() || !s.ended() {
		t.Errorf("phase %d; want %d", s.now(), dropped)
	}
	s.advance(serving)
	s.advance(stopped)
	if s.now() != dropped {
		t.Errorf("phase %d came after %d", s.now(), dropped)
	}
}

// Marks come and go, each by itself.
func TestMarks(t *testing.T) {
	var s state
	s.mark(acting)
	s.mark(small)
	s.mark(small)
	if !s.unmark(small) || s.unmark(small) || !s.marked(acting) || s.marked(small) {
		t.Errorf("marks %b; want acting alone", s.marks.Load())
	}
}
