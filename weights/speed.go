package weights

import (
	"runtime"
	"time"
)

// Speed runs batches of some size, one after the other, in one session for about so
// long, and returns how many rows a second that gives. It is of rows that Sample
// makes, on a machine that may have other work.
func (m *Loaded) Speed(batch int, long time.Duration) (rowsPerSecond float64, err error) {
	if m.Pinned() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	s, err := m.NewSession(batch)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	features := m.Sample(batch, 1)
	scores := make([]float32, batch*m.Spec().Width())
	if err := s.Predict(scores, features, batch); err != nil { // the first is slower
		return 0, err
	}
	began, batches := time.Now(), 0
	for time.Since(began) < long {
		if err := s.Predict(scores, features, batch); err != nil {
			return 0, err
		}
		batches++
	}
	return float64(batches*batch) / time.Since(began).Seconds(), nil
}
