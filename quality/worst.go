package quality

import (
	"cmp"
	"slices"
)

// mostWorst is how many answers a series keeps the features of: those that were wrong,
// given with the most confidence.
const mostWorst = 100

// Wrong is an answer that turned out to be wrong, with the row that it was an answer
// to.
type Wrong struct {
	ID         string // the request_id as it was sent, raw JSON
	Row        int
	Predicted  int64 // Unix nanoseconds
	Confidence float32
	Features   []float32
}

// rowsKept are the rows of the newest requests, for those of them that turn out to be
// answered wrongly. They are in a ring that is as large in bytes as it may be.
type rowsKept struct {
	ring   []float32
	next   int
	places map[key]place
	order  []placed // of the places, oldest first, in a ring of its own
	oldest int
	most   int // places: of more requests no label could come
}

// place is where a request's features lie.
type place struct{ at, length int }

type placed struct {
	key key
	place
}

func newRowsKept(bytes, requests int) *rowsKept {
	return &rowsKept{ring: make([]float32, 0, bytes/4), places: make(map[key]place), most: requests}
}

// keep keeps the features of a request, and gives up those that must make room.
func (r *rowsKept) keep(k key, features []float32) {
	n := len(features)
	if n == 0 || n > cap(r.ring)/2 {
		return
	}
	if r.ring = r.ring[:cap(r.ring)]; r.next+n > len(r.ring) {
		r.give(r.next, len(r.ring))
		r.next = 0
	}
	r.give(r.next, r.next+n)
	if len(r.order)-r.oldest == r.most {
		r.giveOldest()
	}
	copy(r.ring[r.next:], features)
	at := place{r.next, n}
	r.places[k] = at
	r.order = append(r.order, placed{k, at})
	r.next += n
}

// give gives up what lies between two places of the ring.
func (r *rowsKept) give(from, to int) {
	for r.oldest < len(r.order) {
		p := r.order[r.oldest]
		if p.at >= to || p.at+p.length <= from {
			break
		}
		r.giveOldest()
	}
	if r.oldest > 1024 && r.oldest > len(r.order)/2 {
		r.order = append(r.order[:0], r.order[r.oldest:]...)
		r.oldest = 0
	}
}

// giveOldest gives up the request that was kept first.
func (r *rowsKept) giveOldest() {
	p := r.order[r.oldest]
	if r.places[p.key] == p.place { // else the id has been used again
		delete(r.places, p.key)
	}
	r.oldest++
}

// of returns the features of one row of a request of so many rows; nil where they are
// not kept any more.
func (r *rowsKept) of(k key, row, rows int) []float32 {
	p, ok := r.places[k]
	if !ok {
		return nil
	}
	width := p.length / rows
	return r.ring[p.at+row*width : p.at+(row+1)*width]
}

// worsen takes an answer among the worst, where it is one of them.
func (one *Series) worsen(o *outcome, l *labelling, head *kept) {
	confidence := one.sure(o)
	last := len(one.worst) - 1
	if o.verdict.Correct || confidence < 0 || last == mostWorst-1 && confidence <= one.worst[last].Confidence {
		return
	}
	features := one.store.rows.of(l.key, o.row, one.rows(head))
	if features == nil {
		return
	}
	at, _ := slices.BinarySearchFunc(one.worst, confidence, func(w Wrong, c float32) int {
		return cmp.Or(cmp.Compare(c, w.Confidence), -1)
	})
	one.worst = slices.Insert(one.worst, at, Wrong{
		ID: l.id, Row: o.row, Predicted: one.store.unix(head.at), Confidence: confidence, Features: slices.Clone(features),
	})
	one.worst = one.worst[:min(len(one.worst), mostWorst)]
}

// sure is the confidence that the reply gave; negative where it had none.
func (one *Series) sure(o *outcome) float32 {
	switch {
	case one.classes == 0:
		return -1
	case o.detail != nil && o.detail.shown >= 0:
		return o.detail.shown
	case len(o.confidences) > 0:
		return o.confidences[0]
	}
	return -1
}

// Worst are answers of class that were wrong, those given with the most confidence
// first, since the process started. It is empty unless Options.Rows keeps their rows.
func (one *Series) Worst() []Wrong {
	one.store.mu.Lock()
	defer one.store.mu.Unlock()
	return slices.Clone(one.worst)
}
