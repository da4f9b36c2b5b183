package monitor

import (
	"encoding/json"
	"sync"

	"penstock/protocol"
)

// Update is a frame as dashboards get it. It is shared by all of them: nobody
// may change what it points to.
type Update struct {
	// Seq counts ticks from 1. The alerts of a tick carry its number and come
	// before its metrics.
	Seq uint64
	// Encoded is the frame in JSON, ready to be sent.
	Encoded json.RawMessage
	// One of the two is set: the frame behind Encoded, for those who filter.
	Metrics *protocol.Metrics
	Alert   *protocol.Alert
}

// keptAlerts bounds the alerts that a slow subscription can catch up on.
const keptAlerts = 64

// State is all that a dashboard can know as of one tick. It never changes, and
// is let go with its last user: do not keep one for the life of a connection.
type State struct {
	seq     uint64
	frames  []Update // oldest first
	alerts  []Update // likewise; the newest keptAlerts
	raised  uint64   // alerts ever
	firing  []protocol.Alert
	stopped bool
	reading *Reading
	next    chan struct{} // closed when a newer state is there; nil in the last of all

	once    sync.Once
	history json.RawMessage
}

func newState() *State { return &State{next: make(chan struct{})} }

// State returns what is known now.
func (m *Monitor) State() *State { return m.state.Load() }

// publish makes the next state known to everybody. Its cost does not depend on
// their number: each looks for itself.
func (m *Monitor) publish(frame Update, raised []Update, now *Reading) {
	was := m.state.Load()
	is := newState()
	is.seq, is.reading = frame.Seq, now
	is.frames = appendBounded(was.frames, m.options.History, frame)
	is.alerts = appendBounded(was.alerts, keptAlerts, raised...)
	is.raised = was.raised + uint64(len(raised))
	is.firing = m.alerts.firing()
	m.state.Store(is)
	close(was.next)
}

func (m *Monitor) stop() {
	was := m.state.Load()
	m.state.Store(&State{
		seq: was.seq, frames: was.frames, alerts: was.alerts, raised: was.raised, firing: was.firing,
		reading: was.reading, stopped: true,
	})
	close(was.next)
}

// appendBounded shares memory with list, whose readers never look past its end.
func appendBounded(list []Update, bound int, more ...Update) []Update {
	list = append(list, more...)
	return list[max(0, len(list)-bound):]
}

// Seq is the number of the newest tick; 0 before the first.
func (s *State) Seq() uint64 { return s.seq }

// Superseded is closed when there is a newer state. It is nil, and so never
// ready, when there will be none: Run has ended.
func (s *State) Superseded() <-chan struct{} { return s.next }

// Latest returns the newest metrics; ok is false before the first tick.
func (s *State) Latest() (u Update, ok bool) {
	if len(s.frames) == 0 {
		return Update{}, false
	}
	return s.frames[len(s.frames)-1], true
}

// Reading returns what the newest metrics were made of; nil before the first tick.
// It is shared: merge others into a copy.
func (s *State) Reading() *Reading { return s.reading }

// Firing returns the alerts that hold, each as it was last sent.
func (s *State) Firing() []protocol.Alert { return s.firing }

// Recent returns the last ten alerts that fired, changed or resolved, oldest
// first.
func (s *State) Recent() []Update { return s.alerts[max(0, len(s.alerts)-10):] }
