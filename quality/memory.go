package quality

import "math/bits"

// memory keeps predictions until their labels come, in no more than limit
// rows. At the bound, the caller that holds the most rows loses the oldest
// request of that of its scopes that holds the most: who sends too much forgets
// its own, and nobody who holds less loses anything but scopes that have been quiet
// for long, which go first.
type memory struct {
	limit    int // rows
	used     int // rows
	requests pool[kept]
	blocks   pool[block]
	index    index
	holders  holders
	tallies  []tally // told of what is forgotten before a label came
}

func newMemory(limit int, tallies []tally) memory {
	return memory{limit: limit, index: newIndex(), holders: newHolders(), tallies: tallies}
}

// request is a prediction to be kept.
type request struct {
	key                 uint64
	model               uint16
	at                  int64
	values, confidences []float32
	source
}

// source is who made a prediction: one scope of one caller.
type source struct {
	caller, scope         uint64 // keys among the holders
	callerName, scopeName string
}

// scopeKey tells the same scope at two callers apart, and both from the callers.
func scopeKey(scope Scope, caller uint64) uint64 {
	return uint64(scope) ^ bits.RotateLeft64(caller, 32)
}

// find returns the position of a request's first row, or none.
func (m *memory) find(key uint64) uint32 {
	x := &m.index
	for i := x.start(uint32(key)); x.entries[i].slot != 0; i = x.next(i) {
		if e := x.entries[i]; e.low == uint32(key) && m.requests.at(e.slot-1).key == key {
			return e.slot - 1
		}
	}
	return none
}

// push adds a request of 1 to limit rows and forgets as many others as must
// make room.
func (m *memory) push(r *request) {
	if old := m.find(r.key); old != none {
		m.forget(old, none)
	}
	own := m.holders.find(r.scope)
	if own == none {
		own = m.holders.enter(m.holders.enter(root, r.caller, r.callerName), r.scope, r.scopeName)
	}
	m.holders.touch(own, r.at)
	added := len(r.values)
	for m.used+len(r.values) > m.limit {
		loser := m.holders.loser(own, r.at)
		oldest := m.holders.at(loser).oldest
		if loser == own && m.requests.at(oldest).rows == uint32(added) {
			// The usual case: one goes, one comes, and nobody's share changes.
			m.drop(oldest)
			added = 0
			break
		}
		m.forget(oldest, own)
	}
	first := m.requests.take()
	head := m.requests.at(first)
	m.store(head, r.values, r.confidences)
	head.key, head.at, head.model, head.labelled = r.key, r.at, r.model, false
	m.index.insert(r.key, int(first))
	m.append(own, first, head)
	m.used += len(r.values)
	if added > 0 {
		m.holders.add(own, added)
	}
}

// forget drops a request. Its holder goes if that was all, unless it is own,
// whose rows follow.
func (m *memory) forget(first, own uint32) {
	head := m.requests.at(first)
	holder, rows := head.holder, int(head.rows)
	m.drop(first)
	m.holders.add(holder, -rows)
	if holder != own {
		m.holders.leave(holder)
	}
}

// append makes a request the newest of its holder.
func (m *memory) append(own, first uint32, head *kept) {
	of := m.holders.at(own)
	head.holder, head.older, head.newer = own, of.newest, none
	if of.newest == none {
		of.oldest = first
	} else {
		m.requests.at(of.newest).newer = first
	}
	of.newest = first
}

// drop gives a request's rows up; its holder's share is yet to be changed.
func (m *memory) drop(first uint32) {
	head := m.requests.at(first)
	if !head.labelled {
		m.tallies[head.model].forgotten(head.at, uint64(head.rows))
	}
	m.index.remove(head.key, int(first))
	of := m.holders.at(head.holder)
	if head.older == none {
		of.oldest = head.newer
	} else {
		m.requests.at(head.older).newer = head.newer
	}
	if head.newer == none {
		of.newest = head.older
	} else {
		m.requests.at(head.newer).older = head.older
	}
	m.used -= int(head.rows)
	m.release(first)
}
