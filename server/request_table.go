package server

import (
	"hash/maphash"

	"penstock/server/socket"
)

// booked is what a connection keeps of a request that it waits for.
type booked struct {
	key  uint64   // hash of the id
	next *request // in the same chain
	debt socket.Debt
}

// requestTable finds a connection's requests by id. It is a hash table whose
// entries are the requests themselves, chained: in the steady state nothing is
// allocated, and it costs a third of what a Go map does.
type requestTable struct {
	chains []*request // a power of two, none at first
	used   int
}

const firstChains = 16

var idSeed = maphash.MakeSeed()

func (f *requestTable) chain(key uint64) **request { return &f.chains[key&uint64(len(f.chains)-1)] }

// add enters a request, unless one with its id is there.
func (f *requestTable) add(r *request) bool {
	id := r.value()
	r.key = maphash.Bytes(idSeed, id)
	if f.lookup(r.key, id) != nil {
		return false
	}
	if f.used == len(f.chains) {
		f.grow()
	}
	f.used++
	f.put(r)
	return true
}

func (f *requestTable) put(r *request) {
	first := f.chain(r.key)
	r.next, *first = *first, r
}

func (f *requestTable) grow() {
	old := f.chains
	f.chains = make([]*request, max(firstChains, 2*len(old)))
	for _, r := range old {
		for r != nil {
			next := r.next
			f.put(r)
			r = next
		}
	}
}

// remove forgets a request; one without an id was never there.
func (f *requestTable) remove(r *request) {
	if len(r.id) == 0 {
		return
	}
	for at := f.chain(r.key); *at != nil; at = &(*at).next {
		if *at == r {
			*at = r.next
			f.used--
			return
		}
	}
}

func (f *requestTable) find(id []byte) *request { return f.lookup(maphash.Bytes(idSeed, id), id) }

func (f *requestTable) lookup(key uint64, id []byte) *request {
	if f.used == 0 {
		return nil
	}
	r := *f.chain(key)
	for r != nil && (r.key != key || string(r.value()) != string(id)) {
		r = r.next
	}
	return r
}
