package audience

import (
	"container/list"
	"time"
)

// waiting is what users missed. Its owner guards it.
type waiting struct {
	opt       Options
	users     map[string]*list.Element
	order     *list.List // of *absent, the one written to longest ago first
	bytes     int
	count     int
	forgotten uint64
}

// absent is a user for whom messages wait.
type absent struct {
	user     string
	messages []kept // oldest first; never empty
}

type kept struct {
	message []byte
	at      time.Time
}

func newWaiting(opt Options) waiting {
	return waiting{opt: opt, users: make(map[string]*list.Element), order: list.New()}
}

// cost is what a message takes, with the part of the lists that it stands in.
func cost(message []byte) int { return len(message) + 64 }

// put keeps a message for a user. It reports false where the message alone is more than
// may wait.
func (w *waiting) put(user string, message []byte, now time.Time) bool {
	w.expire(now)
	if cost(message) > w.opt.MaxBytes {
		return false
	}
	e := w.users[user]
	if e == nil {
		e = w.order.PushBack(&absent{user: user})
		w.users[user] = e
	}
	w.order.MoveToBack(e)
	one := e.Value.(*absent) //nolint:forcetypeassert // put alone fills the list
	one.messages = append(one.messages, kept{message, now})
	w.count++
	w.bytes += cost(message)
	if len(one.messages) > w.opt.MaxWaiting {
		w.forget(one, 1)
	}
	for len(w.users) > w.opt.MaxAbsent || w.bytes > w.opt.MaxBytes {
		oldest := w.order.Front().Value.(*absent) //nolint:forcetypeassert // as above
		if oldest != one {
			w.forget(oldest, len(oldest.messages))
		} else {
			w.forget(one, 1) // nobody else is left, and the message alone fits
		}
	}
	return true
}

// forget drops the oldest messages of a user.
func (w *waiting) forget(one *absent, n int) {
	w.forgotten += uint64(n)
	w.remove(one, n)
}

// remove takes the oldest messages of a user away.
func (w *waiting) remove(one *absent, n int) {
	for _, k := range one.messages[:n] {
		w.bytes -= cost(k.message)
	}
	w.count -= n
	clear(one.messages[:n])
	if one.messages = one.messages[n:]; len(one.messages) == 0 {
		w.order.Remove(w.users[one.user])
		delete(w.users, one.user)
	}
}

// expire drops the messages of users of whom all have waited too long. Of others, the
// oldest go when they would be handed over, or are too many.
func (w *waiting) expire(now time.Time) {
	for e := w.order.Front(); e != nil; e = w.order.Front() {
		one := e.Value.(*absent) //nolint:forcetypeassert // put alone fills the list
		if now.Sub(one.messages[len(one.messages)-1].at) < w.opt.WaitsFor {
			return
		}
		w.forget(one, len(one.messages))
	}
}

// deliver hands a peer what waits for its user, as far as that takes it.
func (w *waiting) deliver(user string, peer Peer) (delivered uint64) {
	e := w.users[user]
	if e == nil {
		return 0
	}
	one, now := e.Value.(*absent), time.Now() //nolint:forcetypeassert // put alone fills the list
	for len(one.messages) > 0 {
		switch first := one.messages[0]; {
		case now.Sub(first.at) >= w.opt.WaitsFor:
			w.forget(one, 1)
		case peer.Tell(first.message):
			w.remove(one, 1)
			delivered++
		default:
			return delivered
		}
	}
	return delivered
}
