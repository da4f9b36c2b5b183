// Package budget bounds the bytes that clients together make the process hold:
// sockets, messages of which the end has not come, requests and the replies
// that are owed. It counts what its callers say that they hold, and says no
// before the kernel does.
//
// Who is refused gets nothing, and may say so to his client. Messages that are
// half read are different: nobody can refuse what he has agreed to read, and a
// client can leave them there for seconds. They have half of the budget, and
// where they exceed it, or others need what they have, those that have held the
// most bytes for the longest time are dropped, of the caller that holds most of
// them first.
//
// It does not measure: what is held and not told of is not in it.
package budget

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"penstock/lockorder"
)

// Budget is safe for concurrent use.
type Budget struct {
	limit int64

	used    atomic.Int64
	holders atomic.Int64
	dropped atomic.Uint64 // messages
	refused atomic.Uint64

	mu       lockorder.Mutex[lockorder.Budget]
	byName   map[string]*Holder
	messages map[*Message]struct{}
	reading  int64        // bytes of messages
	leaving  atomic.Int64 // of those, bytes of messages that are dropped and not gone
}

// New returns a budget of so many bytes; zero or less is no limit.
func New(limit int64) *Budget {
	if limit <= 0 {
		limit = math.MaxInt64 / 4
	}
	return &Budget{limit: limit, byName: make(map[string]*Holder), messages: make(map[*Message]struct{})}
}

// Holder is one of those who share the budget: a caller, with all its sockets.
type Holder struct {
	budget *Budget
	name   string
	held   atomic.Int64

	entered int // guarded by budget.mu
}

// Enter returns the holder of a name. It is forgotten when it has left as often
// as it entered; until then whoever enters under its name shares what it has.
func (b *Budget) Enter(name string) *Holder {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.byName[name]
	if h == nil {
		h = &Holder{budget: b, name: name}
		b.byName[name] = h
		b.holders.Add(1)
	}
	h.entered++
	return h
}

// Name is the name that it was entered under.
func (h *Holder) Name() string { return h.name }

// Leave undoes one Enter.
func (h *Holder) Leave() {
	b := h.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.entered--; h.entered == 0 {
		delete(b.byName, h.name)
		b.holders.Add(-1)
	}
}

// leastPart is what a holder may have of the last eighth however many there are.
const leastPart = 64 << 10

// limit is how far h may fill the budget with n bytes more. Where there are
// several holders, the last eighth is for those who have no more than their part
// of it; and of what a holder may have, an eighth is for sockets that hold nothing
// yet. So who holds much cannot have the others refused.
func (h *Holder) limit(n int64, first bool) int64 {
	b := h.budget
	limit, kept := b.limit, b.limit/8
	if holders := b.holders.Load(); holders > 1 {
		if h.held.Load()+n <= min(max(kept/holders, leastPart), kept) {
			return limit
		}
		limit -= kept
	}
	if first {
		return limit
	}
	return limit - kept
}

// Take counts n bytes more, unless there is no room for them. first says that
// the socket holds nothing yet.
func (h *Holder) Take(n int64, first bool) bool {
	b, limit := h.budget, h.limit(n, first)
	if b.staying(b.used.Add(n)) > limit && !b.dropUntil(h.within(limit), h.mayDrop) {
		b.used.Add(-n)
		b.refused.Add(1)
		return false
	}
	h.held.Add(n)
	return true
}

// within reports whether what is used is, with something to spare, within a limit.
func (h *Holder) within(limit int64) func(spare int64) bool {
	b := h.budget
	return func(spare int64) bool { return b.staying(b.used.Load()) <= limit-spare }
}

// mayDrop says whose messages may be dropped for want of h: its own, and those of
// who holds more.
func (h *Holder) mayDrop(other *Holder) bool { return other == h || other.held.Load() > h.held.Load() }

func anybody(*Holder) bool { return true }

// Room reports whether Take would say yes at this moment, without dropping
// anybody's message: before what would be made for nothing if it said no.
func (h *Holder) Room(n int64, first bool) bool {
	b := h.budget
	return b.staying(b.used.Load())+n <= h.limit(n, first)
}

// Force counts n bytes that cannot be refused.
func (h *Holder) Force(n int64) {
	h.held.Add(n)
	h.budget.used.Add(n)
}

// Give counts n bytes less.
func (h *Holder) Give(n int64) { h.Force(-n) }

// Used returns how many bytes are counted now.
func (b *Budget) Used() int64 { return b.used.Load() }

// Limit returns how many bytes there may be.
func (b *Budget) Limit() int64 { return b.limit }

// Refused returns how often Take said no.
func (b *Budget) Refused() uint64 { return b.refused.Load() }

// Dropped returns how many messages were dropped.
func (b *Budget) Dropped() uint64 { return b.dropped.Load() }

// Message is one that is half read. Its methods belong to its reader.
type Message struct {
	holder *Holder
	drop   func()
	since  time.Time

	size    int64 // guarded by budget.mu, as is dropped
	dropped bool
}

// Read begins a message. drop is called at most once, with locks held: it may
// not call the budget, and has the message's reader call Done soon.
func (h *Holder) Read(drop func()) *Message {
	m := &Message{holder: h, drop: drop, since: time.Now()}
	b := h.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages[m] = struct{}{}
	return m
}

// Grow says that the message has n bytes more. It reports false when the
// message is to be given up, which has been dropped then.
func (m *Message) Grow(n int64) bool {
	b := m.holder.budget
	if !m.add(n) {
		return false
	}
	h := m.holder
	b.dropUntil(func(spare int64) bool { return b.staying(b.reading) <= b.limit/2-spare }, anybody)
	fits := b.dropUntil(h.within(h.limit(0, false)), h.mayDrop)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !fits && !m.dropped {
		b.drop(m)
	}
	return !m.dropped
}

func (m *Message) add(n int64) bool {
	b := m.holder.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.dropped {
		return false
	}
	m.count(n)
	return true
}

// Keep says that the message has come whole: its bytes stay counted, as its
// holder's, and it is not dropped any more. It returns them for Give, zero where
// it was too late.
func (m *Message) Keep() (bytes int64) {
	b := m.holder.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.dropped {
		return 0
	}
	bytes = m.size
	m.holder.Force(bytes)
	m.done()
	return bytes
}

// Done ends a message: its memory is given back, or counts as something else.
func (m *Message) Done() {
	b := m.holder.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	m.done()
}

func (m *Message) done() {
	b := m.holder.budget
	if _, here := b.messages[m]; !here {
		return
	}
	delete(b.messages, m)
	if m.dropped {
		b.leaving.Add(-m.size)
	}
	m.count(-m.size)
}

// count adds n bytes to the message. The caller holds budget.mu.
func (m *Message) count(n int64) {
	m.size += n
	m.holder.budget.reading += n
	m.holder.Force(n)
}

// dropUntil drops messages of those who may lose some until enough holds, with
// something to spare so that the next need does not look for its own. It reports
// whether enough holds; where it never would, it drops none.
func (b *Budget) dropUntil(enough func(spare int64) bool, from func(*Holder) bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if enough(0) {
		return true
	}
	readers, droppable := b.readers(from)
	if !enough(-droppable) {
		return false
	}
	for !enough(b.limit / 64) {
		m := dearest(readers)
		if m == nil {
			break
		}
		b.drop(m)
	}
	return enough(0)
}

// drop has a message's reader give it up. The caller holds b.mu.
func (b *Budget) drop(m *Message) {
	m.dropped = true
	b.leaving.Add(m.size)
	b.dropped.Add(1)
	m.drop()
}

// staying is what is left of bytes when those have gone that are on their way.
func (b *Budget) staying(bytes int64) int64 { return bytes - b.leaving.Load() }

// reader is a holder with messages that can be dropped, the dearest last.
type reader struct {
	bytes    int64 // of them
	messages []*Message
}

// readers returns those that may lose messages, and how many bytes these have.
// The caller holds b.mu.
func (b *Budget) readers(from func(*Holder) bool) (all []*reader, bytes int64) {
	byHolder := make(map[*Holder]*reader)
	for m := range b.messages {
		if m.dropped || m.size == 0 || !from(m.holder) {
			continue
		}
		r := byHolder[m.holder]
		if r == nil {
			r = new(reader)
			byHolder[m.holder] = r
		}
		r.bytes += m.size
		bytes += m.size
		r.messages = append(r.messages, m)
	}
	now := time.Now()
	for _, r := range byHolder {
		slices.SortFunc(r.messages, func(a, b *Message) int { return cmp.Compare(a.cost(now), b.cost(now)) })
	}
	return slices.Collect(maps.Values(byHolder)), bytes
}

// cost is the bytes that a message holds times how long it has.
func (m *Message) cost(now time.Time) float64 {
	return float64(m.size) * float64(now.Sub(m.since)+time.Millisecond)
}

// dearest takes the dearest message from the reader that holds most; nil when
// there is none.
func dearest(readers []*reader) *Message {
	var most *reader
	for _, r := range readers {
		if len(r.messages) > 0 && (most == nil || r.bytes > most.bytes) {
			most = r
		}
	}
	if most == nil {
		return nil
	}
	last := len(most.messages) - 1
	m := most.messages[last]
	most.messages = most.messages[:last]
	most.bytes -= m.size
	return m
}
