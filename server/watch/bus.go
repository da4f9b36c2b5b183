package watch

import (
	"slices"

	"penstock/lockorder"
)

// Bus carries what dashboards share. Those of one Bus see the same notes.
type Bus interface {
	// Publish hands a frame to every subscriber, the publisher's own too. It does
	// not wait for other machines.
	Publish(Frame)
	// Subscribe has receive called with every frame published from now on, one
	// after the other, until cancel is called. receive does not block.
	Subscribe(receive func(Frame)) (cancel func())
}

// Frame is something that one dashboard said to all. It is not changed any more.
type Frame struct {
	Topic   Topic
	Group   string // whose members alone are sent it; empty: everybody is
	From    uint64 // who is not sent it; 0: everybody is. Random: no two dashboards have the same
	Encoded []byte // the message that dashboards are sent
}

// Topic is what a frame is about.
type Topic string

// What dashboards say to each other.
const (
	Notes  Topic = "notes"  // kept, and replayed to those who join
	Typing Topic = "typing" // told to those who are there
)

// NewBus returns a Bus within this process.
func NewBus() Bus { return new(localBus) }

type localBus struct {
	mu          lockorder.Mutex[lockorder.Bus] // held while frames are handed over: all see them in one order
	subscribers []*func(Frame)
}

func (b *localBus) Publish(f Frame) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, receive := range b.subscribers {
		(*receive)(f)
	}
}

func (b *localBus) Subscribe(receive func(Frame)) (cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry := &receive
	b.subscribers = append(b.subscribers, entry)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if i := slices.Index(b.subscribers, entry); i >= 0 {
			b.subscribers = slices.Delete(b.subscribers, i, i+1)
		}
	}
}
