package inference_test

import (
	"runtime"
	"syscall"
	"testing"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
)

// pinned is an oracle whose sessions must stay on their thread.
type pinned struct{ spy }

func (m *pinned) Pinned() bool { return true }

func (m *pinned) NewSession(maxRows int) (model.Session, error) {
	session, err := m.spy.NewSession(maxRows)
	return &pinnedSession{session, syscall.Gettid()}, err
}

type pinnedSession struct {
	model.Session
	thread int
}

func (s *pinnedSession) Predict(scores, features []float32, rows int) error {
	if now := syscall.Gettid(); now != s.thread {
		panic("Predict on another thread than NewSession")
	}
	return s.Session.Predict(scores, features, rows)
}

// Close leaves the session open, which the test notices, on a wrong thread.
func (s *pinnedSession) Close() error {
	if now := syscall.Gettid(); now != s.thread {
		return nil
	}
	return s.Session.Close()
}

func TestPinnedSessionStaysOnItsThread(t *testing.T) {
	m := &pinned{spy{Oracle: modeltest.Oracle{Features: 1}}}
	in := newInbox()
	s := start(t, m, inference.Options{Workers: 2}).Open(in, inference.Share{})
	defer s.Close()
	for range 100 {
		mustSubmit(t, s, m.rows(7, 3))
		mustPredict(t, &m.spy, <-in)
		runtime.Gosched() // goroutines that are not locked change threads here
	}
}
