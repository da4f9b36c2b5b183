package client

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// Notification is a message that somebody sent to the user of this client, or to a
// group that the client joined.
type Notification struct {
	Message string
	// Data is JSON that came with it, or nil.
	Data json.RawMessage
	// Time is when it was sent, which may be long before it comes: what is sent to
	// a user who is away waits.
	Time time.Time
	// From is the user who sent it.
	From string
	// Group is the group that it was sent to, or empty.
	Group string
	// Missed counts the notifications just before this one that were dropped,
	// since OnNotification was too slow for them.
	Missed int
}

func (t *told) notification() Notification {
	return Notification{Message: t.Message, Data: t.Data, Time: moment(t.Time), From: t.From, Group: t.Group}
}

// inboxSize is how many notifications wait for OnNotification. The server keeps
// 50 for a user who is away, which come at once.
const inboxSize = 64

// inbox holds the notifications that wait for OnNotification. The reader never
// waits for it: when it is full, the oldest is dropped and counted.
type inbox struct {
	tell func(Notification)

	mu    sync.Mutex
	queue []Notification
	bell  chan struct{} // holds a token when there is something new
	over  chan struct{} // closed when nothing more will come
}

func newInbox(tell func(Notification)) *inbox {
	return &inbox{tell: tell, bell: make(chan struct{}, 1), over: make(chan struct{})}
}

func (in *inbox) put(n Notification) {
	in.mu.Lock()
	if len(in.queue) == inboxSize {
		in.queue[1].Missed += 1 + in.queue[0].Missed
		in.queue = append(in.queue[:0], in.queue[1:]...)
	}
	in.queue = append(in.queue, n)
	in.mu.Unlock()
	poke(in.bell)
}

func (in *inbox) take() (n Notification, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.queue) == 0 {
		return n, false
	}
	n = in.queue[0]
	in.queue = append(in.queue[:0], in.queue[1:]...)
	return n, true
}

// deliver hands notifications over, one at a time, until ctx ends, or nothing more
// will come and all is told.
func (in *inbox) deliver(ctx context.Context) {
	for more := true; more; {
		select {
		case <-ctx.Done():
			return
		case <-in.bell:
		case <-in.over:
			more = false
		}
		for ctx.Err() == nil {
			n, ok := in.take()
			if !ok {
				break
			}
			in.tell(n)
		}
	}
}
