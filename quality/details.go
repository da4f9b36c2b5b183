package quality

import (
	"math"
	"slices"
	"sync"
)

// detail is what is kept of one row beside its prediction: the probabilities of
// the classes, so that the label can be judged by the one of the true class, and
// what the reply said. It fills a cache line.
type detail struct {
	next          uint32
	shown         float32 // the confidence of the reply
	probabilities [FullClasses]float32
	slice         uint8
	form          form
}

// form tells what the probabilities of a detail are.
type form uint8

const (
	formNone form = iota
	// formFull: of each class.
	formFull
	// formLikeliest: of the likeliest classes, and then, as bits, which these are, two
	// by two, and last the mean of the others.
	formLikeliest
)

const (
	// FullClasses is how many classes a model may have of which all probabilities are
	// kept.
	FullClasses = 13
	// likeliest is how many are kept of a model with more.
	likeliest     = 8
	likeliestRest = FullClasses - 1
)

// Distribution is what a reply says of the classes of one row, as it is kept: of
// more than 13 classes the eight likeliest have their own probability, and each of
// the others an equal part of what these leave. It adds up as the model's does, so
// that what is measured by it is measured of a model that says so.
type Distribution struct {
	d       *detail
	classes int
}

// Of returns the probability of a class.
func (d Distribution) Of(class int) float32 {
	if d.d.form == formFull {
		return d.d.probabilities[class]
	}
	for i := range likeliest {
		if d.d.class(i) == class {
			return d.d.probabilities[i]
		}
	}
	return d.d.probabilities[likeliestRest]
}

// class is which the i-th likeliest is.
func (d *detail) class(i int) int {
	pair := math.Float32bits(d.probabilities[likeliest+i/2])
	return int(pair >> (16 * (i % 2)) & 0xffff)
}

// Squares is the sum of the squares of all probabilities.
func (d Distribution) Squares() float32 {
	n := d.classes
	var sum float64
	if d.d.form == formLikeliest {
		rest := float64(d.d.probabilities[likeliestRest])
		sum, n = rest*rest*float64(d.classes-likeliest), likeliest
	}
	for _, p := range d.d.probabilities[:n] {
		sum += float64(p) * float64(p)
	}
	return float32(sum)
}

// AtLeast is how many classes have a probability of at least p; where none has, the
// likeliest counts.
func (d Distribution) AtLeast(p float32) int {
	n, count := d.classes, 0
	if d.d.form == formLikeliest {
		n = likeliest
		if d.d.probabilities[likeliestRest] >= p {
			count = d.classes - likeliest
		}
	}
	for _, one := range d.d.probabilities[:n] {
		if one >= p {
			count++
		}
	}
	return max(count, 1)
}

// distribute keeps the probabilities of a row of at most FullClasses classes, one for
// each, or of two classes that of the second alone.
func (d *detail) distribute(scores []float32, classes int) {
	d.form = formFull
	if classes == 2 && len(scores) == 1 {
		d.probabilities[0], d.probabilities[1] = 1-scores[0], scores[0]
		return
	}
	copy(d.probabilities[:], scores)
}

// keep keeps the likeliest classes of a row of more.
func (d *detail) keep(top *Likeliest) {
	d.form = formLikeliest
	copy(d.probabilities[:likeliest], top.P[:])
	for i := 0; i < likeliest; i += 2 {
		d.probabilities[likeliest+i/2] = math.Float32frombits(uint32(top.Class[i]) | uint32(top.Class[i+1])<<16)
	}
	d.probabilities[likeliestRest] = top.Rest
}

// found has room for the likeliest classes of a request's rows.
var found = sync.Pool{New: func() any { return new([]Likeliest) }}

// likeliestOf finds the likeliest classes of all rows, where there are too many to keep
// all. That looks at every score, and so is done before the store's mutex is held. The room
// goes back to found; there is none where nothing is to be found.
func likeliestOf(p *Prediction) *[]Likeliest {
	if p.Series.classes <= FullClasses || len(p.Scores) == 0 {
		return nil
	}
	room := found.Get().(*[]Likeliest)
	*room = slices.Grow((*room)[:0], p.Rows)[:p.Rows]
	for row := range *room {
		(*room)[row].Find(p.Scores[row*p.Stride:][:p.Series.scores])
	}
	return room
}

// Likeliest are the eight likeliest of more than 13 classes, the likeliest first and
// among equals the first, and the mean probability of the others.
type Likeliest struct {
	P     [likeliest]float32
	Class [likeliest]uint16
	Rest  float32
}

// Find finds them.
func (l *Likeliest) Find(scores []float32) {
	for i := range l.P {
		l.P[i] = float32(math.Inf(-1))
	}
	var sum float64
	least := l.P[likeliest-1]
	for class, p := range scores {
		sum += float64(p)
		if p <= least {
			continue
		}
		at := likeliest - 1
		for ; at > 0 && p > l.P[at-1]; at-- {
			l.P[at], l.Class[at] = l.P[at-1], l.Class[at-1]
		}
		l.P[at], l.Class[at] = p, uint16(class)
		least = l.P[likeliest-1]
	}
	for _, p := range l.P {
		sum -= float64(p)
	}
	l.Rest = float32(max(sum, 0) / float64(len(scores)-likeliest))
}

// keepDetails keeps what the request has beside its values, a detail for each row.
func (m *memory) keepDetails(head *kept, r *request) {
	head.details = none
	if !r.detailed {
		return
	}
	link := &head.details
	for row := range r.rows {
		*link = m.details.take()
		d := m.details.at(*link)
		d.form, d.slice = formNone, 0
		switch {
		case len(r.likeliest) > 0:
			d.keep(&r.likeliest[row])
		case r.series.classes > 0 && len(r.scores) > 0:
			d.distribute(r.scores[row*r.stride:][:r.series.scores], r.series.classes)
		}
		d.shown = noConfidence
		if len(r.shown) > 0 {
			d.shown = r.shown[row]
		}
		if len(r.slices) > 0 {
			d.slice = r.slices[row]
		}
		link = &d.next
	}
	*link = none
}

// releaseDetails gives up the memory of a request's details.
func (m *memory) releaseDetails(head *kept) {
	for next := head.details; next != none; next = m.details.at(next).next {
		m.details.release(next)
	}
}

// Rank is how many classes are likelier than one of probability p.
func (d Distribution) Rank(p float32) int {
	n, rank := d.classes, 0
	if d.d.form == formLikeliest {
		n = likeliest
	}
	for _, one := range d.d.probabilities[:n] {
		if one > p {
			rank++
		}
	}
	return rank
}
