package server

import (
	"strconv"
	"sync"
	"sync/atomic"
)

// users counts the distinct clients that have sockets for predictions open. A client is an
// authenticated user; without authentication it is the session that it names,
// or else the one connection.
type users struct {
	mu          sync.Mutex
	sockets     map[string]int // open sockets by identity
	connections atomic.Uint64
}

func newUsers() *users { return &users{sockets: make(map[string]int)} }

// identify returns the name under which a new connection counts, and which is
// the scope of its request ids: a session lives as long as it is named, a
// connection gets a number that no session can have.
func (u *users) identify(user, session string) string {
	if session != "" {
		return user + " " + session
	}
	return user + " #" + strconv.FormatUint(u.connections.Add(1), 10)
}

func (u *users) enter(identity string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sockets[identity]++
}

func (u *users) leave(identity string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.sockets[identity]--; u.sockets[identity] == 0 {
		delete(u.sockets, identity)
	}
}

func (u *users) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.sockets)
}
