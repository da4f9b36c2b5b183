package quality

import "time"

// holders know who holds how many values, which they call rows: callers, and the scopes of each. They
// form a tree of the root, its callers and their scopes, in which every holder
// keeps its members in a heap, the largest first. Who holds nothing is not in
// it: a holder is made for its first row and goes with its last.
type holders struct {
	pool[holder]
	index             index
	quietest, busiest uint32 // scopes, by when they were active last
}

type holder struct {
	key     uint64
	name    string
	rows    int
	members []uint32 // of the root and of callers: a heap by rows
	parent  uint32
	place   uint32 // in the parent's heap
	oldest  uint32 // of a scope: its first request
	newest  uint32 // and its last

	active         int64  // of a scope: when its last request came
	quieter, later uint32 // scopes that were active just before, and just after
	listed         bool
}

const (
	root = 0
	// fewMembers is how many members a heap always has room for.
	fewMembers = 64
)

func newHolders() holders {
	h := holders{index: newIndex(), quietest: none, busiest: none}
	h.new(holder{parent: none})
	return h
}

func (h *holders) find(key uint64) uint32 {
	x := &h.index
	for i := x.start(uint32(key)); x.entries[i].slot != 0; i = x.next(i) {
		if e := x.entries[i]; e.low == uint32(key) && h.at(e.slot-1).key == key {
			return e.slot - 1
		}
	}
	return none
}

// enter returns the place of a member of parent, which it makes where there is
// none.
func (h *holders) enter(parent uint32, key uint64, name string) uint32 {
	if position := h.find(key); position != none {
		return position
	}
	up := h.at(parent)
	position := h.new(holder{
		key: key, name: name, parent: parent, place: uint32(len(up.members)), oldest: none, newest: none,
	})
	up.members = append(up.members, position)
	h.index.insert(key, int(position))
	return position
}

func (h *holders) new(of holder) uint32 {
	position := h.take()
	*h.at(position) = of
	return position
}

// leave takes out a holder of no rows and without members, and its caller if
// that was the last of its scopes.
func (h *holders) leave(position uint32) {
	for position != root {
		of := h.at(position)
		if of.rows > 0 || len(of.members) > 0 {
			return
		}
		up := of.parent
		h.detach(of)
		h.unlist(of)
		h.index.remove(of.key, int(position))
		*of = holder{} // its heap and its name go too
		h.release(position)
		position = up
	}
}

// detach takes a holder out of its parent's heap.
func (h *holders) detach(of *holder) {
	up := h.at(of.parent)
	last := len(up.members) - 1
	moved := up.members[last]
	up.members = up.members[:last]
	if int(of.place) != last {
		h.put(up, of.place, moved)
		h.sift(up, moved)
	}
	if c := cap(up.members); c > fewMembers && last < c/4 {
		up.members = append(make([]uint32, 0, c/2), up.members...)
	}
}

// add changes how many rows a scope and its caller hold.
func (h *holders) add(position uint32, rows int) {
	for position != root {
		of := h.at(position)
		of.rows += rows
		h.sift(h.at(of.parent), position)
		position = of.parent
	}
}

// staleAfter is how long a scope may be quiet before it gives up its rows ahead
// of those that are not. Most connections that ended leave rows without labels,
// which would else be kept for ever, being few: the living would have to share
// what the dead leave them.
const staleAfter = int64(10 * time.Minute)

// loser returns the scope that must give rows up when own wants more.
func (h *holders) loser(own uint32, now int64) uint32 {
	if q := h.quietest; q != own && now-h.at(q).active > staleAfter {
		return q
	}
	return h.largest(own)
}

// touch says that a scope is active now.
func (h *holders) touch(position uint32, now int64) {
	of := h.at(position)
	of.active = now
	if h.busiest == position {
		return
	}
	h.unlist(of)
	of.quieter, of.later, of.listed = h.busiest, none, true
	if h.busiest == none {
		h.quietest = position
	} else {
		h.at(h.busiest).later = position
	}
	h.busiest = position
}

// unlist takes a scope out of the order of activity, if it is there.
func (h *holders) unlist(of *holder) {
	if !of.listed {
		return
	}
	of.listed = false
	if of.quieter == none {
		h.quietest = of.later
	} else {
		h.at(of.quieter).later = of.later
	}
	if of.later == none {
		h.busiest = of.quieter
	} else {
		h.at(of.later).quieter = of.quieter
	}
}

// largest returns the scope that must give rows up when own wants more: the
// largest of the largest caller. Among equals it is own.
func (h *holders) largest(own uint32) uint32 {
	caller := h.top(root, h.at(own).parent)
	return h.top(caller, own)
}

func (h *holders) top(parent, own uint32) uint32 {
	top := h.at(parent).members[0]
	if mine := h.at(own); mine.parent == parent && mine.rows >= h.at(top).rows {
		return own
	}
	return top
}

// sift moves a member of up to where its rows belong.
func (h *holders) sift(up *holder, position uint32) {
	of := h.at(position)
	for of.place > 0 {
		above := up.members[(of.place-1)/2]
		if h.at(above).rows >= of.rows {
			break
		}
		h.swap(up, above, position)
	}
	for {
		below := 2*of.place + 1
		if int(below) >= len(up.members) {
			return
		}
		if right := below + 1; int(right) < len(up.members) &&
			h.at(up.members[right]).rows > h.at(up.members[below]).rows {
			below = right
		}
		if h.at(up.members[below]).rows <= of.rows {
			return
		}
		h.swap(up, position, up.members[below])
	}
}

// swap exchanges a holder with one below it.
func (h *holders) swap(up *holder, above, below uint32) {
	i, j := h.at(above).place, h.at(below).place
	h.put(up, i, below)
	h.put(up, j, above)
}

func (h *holders) put(up *holder, place, position uint32) {
	up.members[place] = position
	h.at(position).place = place
}
