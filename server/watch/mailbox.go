package watch

import "sync"

// mostMail is how many messages wait for a stream of events. They are shared by all of
// a user's, and a stream whose peer does not read ends within seconds.
const mostMail = 64

// mailbox takes what the user of a stream of events is told, until its handler writes
// it. It implements audience.Peer.
type mailbox struct {
	mu       sync.Mutex // nothing is taken while it is held
	messages [][]byte
	woken    func() // called when a message comes, and gone then
}

// Tell implements audience.Peer.
func (m *mailbox) Tell(message []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.messages) == mostMail {
		return false
	}
	m.messages = append(m.messages, message)
	m.rouse()
	return true
}

// Joined implements audience.Peer: nobody joins by a stream.
func (m *mailbox) Joined(string) {}

// Left implements audience.Peer.
func (m *mailbox) Left(string) {}

// wake has a function called once, when there is a message: at once where there is one.
// It does not block.
func (m *mailbox) wake(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.woken = f; len(m.messages) > 0 {
		m.rouse()
	}
}

func (m *mailbox) rouse() {
	if m.woken != nil {
		m.woken()
		m.woken = nil
	}
}

// take returns the messages that came, oldest first. Nobody is woken any more.
func (m *mailbox) take() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	messages := m.messages
	m.messages, m.woken = nil, nil
	return messages
}
