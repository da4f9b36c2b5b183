// Package fair shares a window of the newest labels among those who send them, so that
// who sends the most pushes nobody else's out: a flood of labels by one user has a part
// of the window and no more.
//
// Its contract: when a window is full, the caller that has most of it gives up its
// oldest row for the one that comes, as long as all rows are of the last hour. What is
// older goes first, whosever it is, so that those who are gone keep no room. A single
// caller's window, and one of callers that send equally much, is the newest rows, as if
// nobody had looked. It knows no rows, only where they are kept.
package fair

import "time"

// Stale is how old a row may be that keeps its place from who has more.
const Stale = time.Hour

// none is the place of nothing.
const none = -1

// Seats are the places of one window. They are for one goroutine at a time; New makes
// them.
type Seats struct {
	most  int
	seats []seat
	age   ends // of all rows

	callers map[uint64]*caller
	same    []int // how many callers have so many rows
	largest int   // the most rows that anybody has

	round uint32
	left  int // seats that had no row in this round
}

// seat is the place of one row.
type seat struct {
	of           *caller
	at           int64
	round        uint32
	older, newer int // among all
	next         int // the caller's own that is newer
}

type ends struct{ oldest, newest int }

type caller struct {
	key  uint64
	rows int
	own  ends
}

// New makes a window of so many places, 1 or more.
func New(most int) *Seats {
	return &Seats{most: most, age: ends{none, none}, callers: make(map[uint64]*caller), same: make([]int, most+1), round: 1, left: most}
}

// Take gives a row of a caller that came at (Unix nanoseconds) its place, 0 to most−1:
// what was there is not in the window any more. Places are given in turn until all are
// taken.
//
// In counts says whether the row counts in what follows every row rather than looks at
// the window: each place counts once in a round, which ends when all have, so that of
// such a thing, too, a caller has no more than its part of the window.
func (s *Seats) Take(key uint64, at int64) (place int, counts bool) {
	c := s.caller(key)
	if len(s.seats) < s.most {
		place = len(s.seats)
		s.seats = append(s.seats, seat{})
	} else {
		place = s.given(c, at)
		loser := s.seats[place].of
		s.vacate(place)
		if loser.rows == 0 && loser != c {
			delete(s.callers, loser.key)
			s.same[0]--
		}
	}
	s.occupy(place, c, at)
	return place, s.count(place)
}

func (s *Seats) caller(key uint64) *caller {
	c := s.callers[key]
	if c == nil {
		c = &caller{key: key, own: ends{none, none}}
		s.callers[key] = c
		s.same[0]++
	}
	return c
}

// given is the place that is given up for a row of c.
func (s *Seats) given(c *caller, at int64) int {
	switch {
	case s.seats[s.age.oldest].at < at-int64(Stale):
		return s.age.oldest
	case c.rows > 0 && c.rows+1 >= s.largest: // with one more it has as many as anybody
		return c.own.oldest
	}
	place := s.age.oldest
	for s.seats[place].of.rows < s.largest {
		place = s.seats[place].newer
	}
	return place
}

// vacate takes the row at a place, which is its caller's oldest, out of the window.
func (s *Seats) vacate(place int) {
	one := &s.seats[place]
	c := one.of
	if c.own.oldest = one.next; one.next == none {
		c.own.newest = none
	}
	s.move(c, c.rows-1)
	if one.older == none {
		s.age.oldest = one.newer
	} else {
		s.seats[one.older].newer = one.newer
	}
	if one.newer == none {
		s.age.newest = one.older
	} else {
		s.seats[one.newer].older = one.older
	}
}

func (s *Seats) occupy(place int, c *caller, at int64) {
	one := &s.seats[place]
	one.of, one.at, one.older, one.newer, one.next = c, at, s.age.newest, none, none
	if s.age.newest == none {
		s.age.oldest = place
	} else {
		s.seats[s.age.newest].newer = place
	}
	s.age.newest = place
	if c.own.newest == none {
		c.own.oldest = place
	} else {
		s.seats[c.own.newest].next = place
	}
	c.own.newest = place
	s.move(c, c.rows+1)
}

// move notes that a caller has so many rows.
func (s *Seats) move(c *caller, rows int) {
	s.same[c.rows]--
	c.rows = rows
	s.same[rows]++
	s.largest = max(s.largest, rows)
	for s.same[s.largest] == 0 {
		s.largest--
	}
}

// count tells whether a place counts in this round, and ends the round where it is the
// last.
func (s *Seats) count(place int) bool {
	if s.seats[place].round == s.round {
		return false
	}
	s.seats[place].round = s.round
	if s.left--; s.left == 0 {
		s.round, s.left = s.round+1, s.most
	}
	return true
}

// Rows is how many rows are in the window.
func (s *Seats) Rows() int { return len(s.seats) }

// Newest is when the newest row came; 0 where there is none.
func (s *Seats) Newest() int64 {
	if s.age.newest == none {
		return 0
	}
	return s.seats[s.age.newest].at
}

// Row is what is known of one row of the window.
type Row struct {
	Place   int
	Caller  uint64
	At      int64
	Counted bool // in this round
}

// Each calls do for every row, the oldest first.
func (s *Seats) Each(do func(Row)) {
	for place := s.age.oldest; place != none; place = s.seats[place].newer {
		one := &s.seats[place]
		do(Row{Place: place, Caller: one.of.key, At: one.at, Counted: one.round == s.round})
	}
}

// Restore gives a row its place in a window that is not full yet. Those of Each, in their
// order, make a window that goes on as that one does.
func (s *Seats) Restore(r Row) (place int) {
	c := s.caller(r.Caller)
	place = len(s.seats)
	s.seats = append(s.seats, seat{})
	s.occupy(place, c, r.At)
	if r.Counted {
		s.count(place)
	}
	return place
}
