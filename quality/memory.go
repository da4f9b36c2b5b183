package quality

import "math/bits"

// memory keeps predictions until their labels come, in no more than limit
// values: a row has one, or several. At the bound, the caller that holds the most
// loses the oldest request of that of its scopes that holds the most: who sends
// too much forgets its own, and nobody who holds less loses anything but scopes that have been quiet
// for long, which go first.
type memory struct {
	limit    int // values
	used     int // values
	requests pool[kept]
	blocks   pool[block]
	details  pool[detail]
	index    index
	holders  holders
	series   seriesTable
	// forgotten is told of rows that are forgotten before a label came.
	forgotten func(series *Series, at int64, rows uint64)
	row       rowBuffer
}

func newMemory(limit int) memory {
	return memory{limit: limit, index: newIndex(), holders: newHolders()}
}

// request is a prediction to be kept.
type request struct {
	key                 key
	series              *Series
	at                  int64
	size                int // how many values it counts as
	rows                int
	values, confidences []float32
	detailed            bool // its rows have details
	scores              []float32
	stride              int // between the scores of two rows
	shown               []float32
	slices              []uint8
	likeliest           []Likeliest // of models of many classes
	source
}

// source is who made a prediction: one scope of one caller.
type source struct {
	caller, scope         uint64 // keys among the holders
	callerName, scopeName string
}

// scopeKey tells the same scope at two callers apart, and both from the callers.
// The keys of holders are for fairness alone, and 64 bits are enough: two that
// collide share what is theirs, and read none of each other's predictions.
func scopeKey(scope Scope, caller uint64) uint64 {
	return scope.low ^ bits.RotateLeft64(caller, 32)
}

// find returns the position of a request's first row, or none.
func (m *memory) find(key key) uint32 {
	x := &m.index
	for i := x.start(uint32(key.low)); x.entries[i].slot != 0; i = x.next(i) {
		if e := x.entries[i]; e.low == uint32(key.low) && m.requests.at(e.slot-1).key == key {
			return e.slot - 1
		}
	}
	return none
}

// push adds a request of 1 to limit values and forgets as many others as must
// make room. False means that there are too many series.
func (m *memory) push(r *request) bool {
	if !m.series.has(r.series) && !m.series.enter(r.series) {
		return false
	}
	r.series.kept++ // first, so that it keeps its number
	if old := m.find(r.key); old != none {
		m.forget(old, none)
	}
	own := m.holders.find(r.scope)
	if own == none {
		own = m.holders.enter(m.holders.enter(root, r.caller, r.callerName), r.scope, r.scopeName)
	}
	m.holders.touch(own, r.at)
	added := r.size
	for m.used+r.size > m.limit {
		loser := m.holders.loser(own, r.at)
		oldest := m.holders.at(loser).oldest
		if loser == own && m.requests.at(oldest).size == uint32(added) {
			// The usual case: one goes, one comes, and nobody's share changes.
			m.drop(oldest)
			added = 0
			break
		}
		m.forget(oldest, own)
	}
	first := m.requests.take()
	head := m.requests.at(first)
	m.store(head, r)
	head.key, head.at, head.series, head.labelled = r.key, r.at, r.series.slot, false
	m.index.insert(r.key.low, int(first))
	m.append(own, first, head)
	m.used += r.size
	if added > 0 {
		m.holders.add(own, added)
	}
	return true
}

// forget drops a request. Its holder goes if that was all, unless it is own,
// whose rows follow.
func (m *memory) forget(first, own uint32) {
	head := m.requests.at(first)
	holder, size := head.holder, int(head.size)
	m.drop(first)
	m.holders.add(holder, -size)
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
	series := m.series.at(head.series)
	if !head.labelled && series.counts.Measure != Nothing {
		m.forgotten(series, head.at, uint64(series.rows(head)))
	}
	series.kept--
	m.series.leaveIfUnused(series)
	m.index.remove(head.key.low, int(first))
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
	m.used -= int(head.size)
	m.release(first)
}
