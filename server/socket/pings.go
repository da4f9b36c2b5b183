package socket

import (
	"sync"
	"time"
)

const (
	pongsPerSecond = 10
	pongsAtOnce    = pongsPerSecond - 1 // the last is for the newest
	floodPerSecond = 100                // pings, beyond which the peer is sent away
)

// pingMeter has at most ten pings a second answered, and tells a flood. Of those
// that come too fast the newest is answered, as a peer expects that measures how
// long an answer takes: when the reader has no more input, if the second has an
// answer left, else when the next begins.
type pingMeter struct {
	mu       sync.Mutex // the sweep answers too
	second   int64
	seen     int // pings of this second
	answered int
	late     []byte // the newest that has no answer; nil for none
}

func (m *pingMeter) turn(now int64) {
	if second := now / int64(time.Second); second != m.second {
		m.second, m.seen, m.answered = second, 0, 0
	}
}

// count takes a ping. It is to be answered at once, or later.
func (m *pingMeter) count(now int64, payload []byte) (answer, flood bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	m.seen++
	if m.answered < pongsAtOnce {
		m.answered++
		m.late = nil
		return true, false
	}
	m.late = append([]byte{}, payload...)
	return false, m.seen > floodPerSecond
}

// due takes the ping that is to be answered now; ok is false where there is
// none.
func (m *pingMeter) due(now int64) (payload []byte, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	if m.late == nil || m.answered >= pongsPerSecond {
		return nil, false
	}
	m.answered++
	payload, m.late = m.late, nil
	return payload, true
}

// pingReceived is told of every ping, and reports whether coder/websocket is to
// answer it.
func (c *Conn) pingReceived(payload []byte) bool {
	c.controlReceived()
	pings := c.pings.Load()
	if pings == nil {
		pings = new(pingMeter)
		c.pings.Store(pings)
	}
	answer, flood := pings.count(c.hub.now(), payload)
	if flood {
		c.Expel("ping flood")
	}
	return answer
}

// answerLate answers the ping that waits for it, if its time has come.
func (c *Conn) answerLate(now int64) bool {
	pings := c.pings.Load()
	if pings == nil {
		return false
	}
	payload, ok := pings.due(now)
	if ok {
		c.outbox.Append(opPong, payload)
	}
	return ok
}
