package access

import "time"

// end ends the session for its holder, and reports whether it had not ended.
func (s *Session) end(why Reason, err error) bool {
	was := s.now.Load()
	if !s.stand(&standing{identity: was.identity, grants: NoGrants, over: err}) {
		return false
	}
	s.tellEnd(why)
	return true
}

// tellEnd tells the watcher, once.
func (s *Session) tellEnd(why Reason) {
	s.mu.Lock()
	w := s.watcher
	if w == nil || s.left || s.told {
		s.mu.Unlock()
		return
	}
	s.told = true
	s.mu.Unlock()
	w.End(why)
}

// expiring tells the watcher that the end is near, unless the session was renewed.
func (s *Session) expiring(until time.Time) {
	s.mu.Lock()
	w := s.watcher
	gone := s.left || !s.Expires().Equal(until)
	if !gone {
		s.timer = time.AfterFunc(time.Until(until), func() { s.expire(until) })
	}
	s.mu.Unlock()
	if !gone {
		w.Expiring(until)
	}
}

// arm sets the timer for what comes next: that the end is near, or the end.
func (s *Session) arm() {
	until := s.Expires()
	left := time.Until(until)
	before := expiringBefore
	if left <= before {
		before = left / 2
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	if until.IsZero() || s.left || s.watcher == nil {
		return
	}
	s.timer = time.AfterFunc(left-before, func() { s.expiring(until) })
}

// expire ends the session, unless it was renewed meanwhile.
func (s *Session) expire(until time.Time) {
	for {
		was := s.now.Load()
		if was.over != nil {
			return
		}
		if !was.identity.Until.Equal(until) { // it was renewed
			s.arm()
			return
		}
		if s.now.CompareAndSwap(was, &standing{identity: was.identity, grants: NoGrants, over: ErrExpired}) {
			s.tellEnd(Expired)
			return
		}
	}
}
