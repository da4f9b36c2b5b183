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

// round is the list of the streams that have rows waiting, and of no others, in
// the order in which they are served.
type round struct {
	head, tail *Stream
	size       int
}

// add puts s at the end, unless it is in the round already.
func (l *round) add(s *Stream) {
	if s.inRound {
		return
	}
	s.inRound, s.prev, s.next = true, l.tail, nil
	if l.tail == nil {
		l.head = s
	} else {
		l.tail.next = s
	}
	l.tail = s
	l.size++
}

// remove takes s out, if it is in the round.
func (l *round) remove(s *Stream) {
	if !s.inRound {
		return
	}
	if s.prev == nil {
		l.head = s.next
	} else {
		s.prev.next = s.next
	}
	if s.next == nil {
		l.tail = s.prev
	} else {
		s.next.prev = s.prev
	}
	s.inRound, s.prev, s.next = false, nil, nil
	l.size--
}
