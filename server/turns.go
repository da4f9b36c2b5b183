package server

import (
	"context"
	"sync"
)

// mostTurns is how many requests of one user may wait for their turn: a page has some at
// once.
const mostTurns = 16

// turns lets one request of each user through at a time, so that who asks for much waits
// for himself, and not everybody else with him. The zero value is ready.
type turns struct {
	mu sync.Mutex
	of map[string]*turn
}

// turn is a user's.
type turn struct {
	taken chan struct{}
	here  int // who has it, and who waits
}

// take waits for a user's turn, which is over when done is called. It is false where too
// many of the user's wait already, and when ctx ends.
func (t *turns) take(ctx context.Context, user string) (done func(), ok bool) {
	one := t.enter(user)
	if one == nil {
		return nil, false
	}
	select {
	case one.taken <- struct{}{}:
		return func() {
			<-one.taken
			t.leave(user, one)
		}, true
	case <-ctx.Done():
		t.leave(user, one)
		return nil, false
	}
}

func (t *turns) enter(user string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.of[user]
	if one == nil {
		one = &turn{taken: make(chan struct{}, 1)}
		if t.of == nil {
			t.of = make(map[string]*turn)
		}
		t.of[user] = one
	}
	if one.here > mostTurns {
		return nil
	}
	one.here++
	return one
}

func (t *turns) leave(user string, one *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one.here--; one.here == 0 {
		delete(t.of, user)
	}
}
