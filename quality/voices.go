package quality

// heard is how many of the newest labelled requests of a series say how much each
// caller labels of it.
const heard = 1000

// mostWeight is what one caller's labels may be, as a share of the newest requests, of
// what the detector of falls hears, where there are 20 callers or more.
const mostWeight = 0.05

// voices know who labelled the newest requests of a series, so that nobody alone
// decides what its alert says: labels of a caller with more than its share count for
// less. Nothing is dropped, and what is shown counts every label alike.
type voices struct {
	ring   []uint64 // keys of callers; made at the first label
	next   int
	counts map[uint64]*voice
}

type voice struct {
	name     string
	requests int
}

// weigh takes the labels of one request in, and returns how much they count.
//
// With n of N requests the caller's weight is c·N/n where that is below 1, for the
// larger c of 5 % and an equal share.
func (v *voices) weigh(key uint64, name string) float64 {
	if v.counts == nil {
		v.ring, v.counts = make([]uint64, 0, heard), make(map[uint64]*voice)
	}
	if len(v.ring) < heard {
		v.ring = append(v.ring, key)
	} else {
		v.leave(v.ring[v.next])
		v.ring[v.next] = key
		v.next = (v.next + 1) % heard
	}
	one := v.counts[key]
	if one == nil {
		one = &voice{name: name}
		v.counts[key] = one
	}
	one.requests++
	most := max(mostWeight, 1/float64(len(v.counts)))
	return min(1, most*float64(len(v.ring))/float64(one.requests))
}

func (v *voices) leave(key uint64) {
	one := v.counts[key]
	if one.requests--; one.requests == 0 {
		delete(v.counts, key)
	}
}

// loudest is who labelled most of the newest requests, and which share of them. Of
// several it is the first by name.
func (v *voices) loudest() (name string, share float64) {
	most := 0
	for _, one := range v.counts {
		if one.requests > most || one.requests == most && one.name < name {
			name, most = one.name, one.requests
		}
	}
	if most > 0 {
		share = float64(most) / float64(len(v.ring))
	}
	return name, share
}

// voicesState is who labelled the newest requests, the oldest first, as indices of Names.
type voicesState struct {
	Names []string
	Heard []uint32
}

func (v *voices) state() (state voicesState) {
	numbers := make(map[uint64]uint32, len(v.counts))
	for i := range v.ring {
		key := v.ring[(v.next+i)%len(v.ring)]
		number, known := numbers[key]
		if !known {
			number = uint32(len(state.Names))
			numbers[key] = number
			state.Names = append(state.Names, v.counts[key].name)
		}
		state.Heard = append(state.Heard, number)
	}
	return state
}

// restore hears them again; key is that of a name.
func (v *voices) restore(state voicesState, key func(name string) uint64) {
	*v = voices{}
	for _, number := range state.Heard {
		if int(number) < len(state.Names) {
			name := state.Names[number]
			v.weigh(key(name), name)
		}
	}
}
