package socket

import "sync/atomic"

// phase is how far a connection is on its way to its end. It only goes forward.
type phase uint32

const (
	serving phase = iota
	leaving       // goodbye was said: messages are read, and not acted on
	stopped       // the reader is to return
	dropped       // as stopped, for want of memory, which the peer is told
	aborted       // and nobody waits for the peer any more
)

// state is a connection's phase, and what else several goroutines ask of it. What
// runs for every message only loads it, and stores on a change.
type state struct {
	phase atomic.Uint32
	marks atomic.Uint32
}

const (
	acting uint32 = 1 << iota // the reader acts on a message, or writes: silence is not the peer's
	small                     // a request came since the last sweep that is not large
)

// now is how far the connection is.
func (s *state) now() phase { return phase(s.phase.Load()) }

// advance goes on to a phase, unless the connection is as far already.
func (s *state) advance(to phase) {
	for {
		at := s.phase.Load()
		if at >= uint32(to) || s.phase.CompareAndSwap(at, uint32(to)) {
			return
		}
	}
}

// listens reports whether messages are acted on.
func (s *state) listens() bool { return s.now() < leaving }

// ended reports whether the reader is to return.
func (s *state) ended() bool { return s.now() >= stopped }

// marked reports whether a mark stands.
func (s *state) marked(mark uint32) bool { return s.marks.Load()&mark != 0 }

// mark sets a mark that may stand already.
func (s *state) mark(mark uint32) {
	if !s.marked(mark) {
		s.marks.Or(mark)
	}
}

// unmark takes a mark away, and reports whether it stood.
func (s *state) unmark(mark uint32) bool { return s.marked(mark) && s.marks.And(^mark)&mark != 0 }
