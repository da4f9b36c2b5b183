package monitor

import (
	"context"
	"errors"
	"sync"
)

// ErrStopped ends a subscription: it was closed, or Run has ended.
var ErrStopped = errors.New("monitor: the subscription has ended")

// Subscription follows the monitor from one tick on. A slow one gets the
// newest metrics, never a backlog, and the newest 64 alerts in their order;
// what it missed beyond that is counted.
//
// One goroutine calls Next; any may call Close. A subscription that nobody
// calls costs nothing: it is not known to the monitor, but for its number.
type Subscription struct {
	monitor *Monitor
	done    chan struct{}
	once    sync.Once

	seen        uint64 // tick of the last metrics
	alertsSeen  uint64 // of all ever raised
	missed      uint64
	missedAlert uint64
}

// Subscribe returns a subscription and the state in which it begins: send the
// state's History and Firing, and Next goes on without a gap or a repeat.
func (m *Monitor) Subscribe() (*Subscription, *State) {
	state := m.state.Load()
	m.metrics.subscriptions.Inc()
	return &Subscription{
		monitor: m, done: make(chan struct{}), seen: state.seq, alertsSeen: state.raised,
	}, state
}

// Next waits for an update. It fails with ErrStopped, or with the error of ctx.
func (s *Subscription) Next(ctx context.Context) (Update, error) {
	for {
		if s.closed() {
			return Update{}, ErrStopped
		}
		state := s.monitor.state.Load()
		if u, ok := s.take(state); ok {
			return u, nil
		}
		if state.stopped {
			return Update{}, ErrStopped
		}
		select {
		case <-state.next:
		case <-s.done:
			return Update{}, ErrStopped
		case <-ctx.Done():
			return Update{}, ctx.Err()
		}
	}
}

// Poll is Next without waiting: ok is false when there is nothing new. It is
// for the goroutine that would call Next.
func (s *Subscription) Poll() (u Update, ok bool) { return s.take(s.monitor.state.Load()) }

func (s *Subscription) closed() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *Subscription) take(state *State) (Update, bool) {
	if pending := state.raised - s.alertsSeen; pending > 0 {
		if gone := pending - min(pending, uint64(len(state.alerts))); gone > 0 {
			s.missedAlert += gone
			s.monitor.metrics.droppedAlerts.Add(float64(gone))
			pending -= gone
		}
		s.alertsSeen = state.raised - pending + 1
		return state.alerts[len(state.alerts)-int(pending)], true
	}
	if state.seq == s.seen {
		return Update{}, false
	}
	if gone := state.seq - s.seen - 1; gone > 0 {
		s.missed += gone
		s.monitor.metrics.droppedFrames.Add(float64(gone))
	}
	s.seen = state.seq
	return state.Latest()
}

// Missed tells how many metrics and alerts were passed over, as of the last
// Next. It is for the goroutine that calls Next.
func (s *Subscription) Missed() (metrics, alerts uint64) { return s.missed, s.missedAlert }

// Close ends the subscription and frees a waiting Next. It may be called more
// than once.
func (s *Subscription) Close() {
	s.once.Do(func() {
		close(s.done)
		s.monitor.metrics.subscriptions.Dec()
	})
}
