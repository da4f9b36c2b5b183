package inference

// queue is a stream's list of requests of which rows wait. It is linked
// through the requests themselves: nothing is allocated, and a request that is
// cancelled leaves from the middle at once.
type queue struct{ head, tail *Request }

func (q *queue) push(r *Request) {
	r.prev, r.next = q.tail, nil
	if q.tail == nil {
		q.head = r
	} else {
		q.tail.next = r
	}
	q.tail = r
}

func (q *queue) remove(r *Request) {
	if r.prev == nil {
		q.head = r.next
	} else {
		r.prev.next = r.next
	}
	if r.next == nil {
		q.tail = r.prev
	} else {
		r.next.prev = r.prev
	}
	r.prev, r.next = nil, nil
}

// round is a list of those that have rows waiting, and of no others, in the
// order in which they are served: callers, and within a caller its streams.
type round[T any, M member[T]] struct {
	head, tail M
	size       int
}

// member is a pointer to what can be in a round.
type member[T any] interface {
	*T
	place() *place[T]
}

// place is where a member stands in its round.
type place[T any] struct {
	prev, next *T
	in         bool
}

// add puts m at the end, and reports whether it was not in the round already.
func (l *round[T, M]) add(m M) bool {
	at := m.place()
	if at.in {
		return false
	}
	at.in, at.prev, at.next = true, l.tail, nil
	if l.tail == nil {
		l.head = m
	} else {
		l.tail.place().next = m
	}
	l.tail = m
	l.size++
	return true
}

// pass moves the head to the end: its turn is over.
func (l *round[T, M]) pass() {
	if l.size < 2 {
		return
	}
	m := l.head
	at := m.place()
	l.head = at.next
	l.head.place().prev = nil
	l.tail.place().next = m
	at.prev, at.next = l.tail, nil
	l.tail = m
}

// remove takes m out, and reports whether it was in the round.
func (l *round[T, M]) remove(m M) bool {
	at := m.place()
	if !at.in {
		return false
	}
	if at.prev == nil {
		l.head = at.next
	} else {
		M(at.prev).place().next = at.next
	}
	if at.next == nil {
		l.tail = at.prev
	} else {
		M(at.next).place().prev = at.prev
	}
	*at = place[T]{}
	l.size--
	return true
}

// sizeWith returns how many there are with m among them.
func (l *round[T, M]) sizeWith(m M) int {
	if m.place().in {
		return l.size
	}
	return l.size + 1
}
