package chunk

import (
	"encoding/binary"
	"slices"

	"penstock/quality"
)

// sender is who sent a row. The three belong together, so that one place in a
// dictionary stands for all.
type sender struct {
	scope        quality.Scope
	caller, name string
}

// senders is the dictionary of those of a blob.
type senders struct {
	list   []sender
	places map[sender]int64
	at     []int64 // each row's place
}

func (s *senders) reset(n int) {
	s.list, s.at = s.list[:0], s.at[:0]
	if s.places == nil || len(s.places) > mostRows {
		s.places = make(map[sender]int64)
	}
	clear(s.places)
	if cap(s.at) < n {
		s.at = make([]int64, 0, n)
	}
}

func (w *writer) senders() {
	s, o := &w.c.senders, w.o
	s.reset(w.to - w.from)
	for i := w.from; i < w.to; i++ {
		one := sender{o.Scopes[i], o.Callers[i], o.Names[i]}
		if n := len(s.at); n > 0 && s.list[s.at[n-1]] == one {
			s.at = append(s.at, s.at[n-1])
			continue
		}
		place, known := s.places[one]
		if !known {
			place = int64(len(s.list))
			s.list = append(s.list, one)
			s.places[one] = place
		}
		s.at = append(s.at, place)
	}
	w.body = binary.AppendUvarint(w.body, uint64(len(s.list)))
	for i := range s.list {
		scope := s.list[i].scope.Bytes()
		w.body = append(w.body, scope[:]...)
		w.text(s.list[i].caller)
		w.text(s.list[i].name)
	}
	ints(w, s.at, plain)
}

func (w *writer) text(s string) {
	w.body = append(binary.AppendUvarint(w.body, uint64(len(s))), s...)
}

// template is a request id without its last number: `"a-17"` is `"a-`, 17 and `"`.
type template struct {
	before, after string
	counts        bool // there is a number
}

const (
	// mostTemplates is how many an id of a blob may have; beyond, they are written as
	// they are.
	mostTemplates = 64
	mostDigits    = 18
)

// split takes the last number out of an id: one that can be put back as it was,
// without leading zeros and within an int64.
func split(id string) (template, int64) {
	end := len(id)
	for end > 0 && (id[end-1] < '0' || id[end-1] > '9') {
		end--
	}
	if end == 0 {
		return template{before: id}, 0
	}
	start, number, scale := end, int64(0), int64(1)
	for start > 0 && end-start < mostDigits && id[start-1] >= '0' && id[start-1] <= '9' {
		start--
		number += scale * int64(id[start]-'0')
		scale *= 10
	}
	for start < end-1 && id[start] == '0' {
		start++
	}
	return template{before: id[:start], after: id[end:], counts: true}, number
}

// ids are the request ids of a blob, taken apart.
type ids struct {
	list    []template
	at      []int64 // each row's template
	numbers []int64
}

// take takes the ids of rows apart, and reports whether there are few templates.
func (t *ids) take(texts []string) bool {
	t.list, t.at, t.numbers = t.list[:0], t.at[:0], t.numbers[:0]
	latest := 0
	for _, id := range texts {
		shape, number := split(id)
		if latest >= len(t.list) || t.list[latest] != shape {
			if latest = slices.Index(t.list, shape); latest < 0 {
				if latest = len(t.list); latest == mostTemplates {
					return false
				}
				t.list = append(t.list, shape)
			}
		}
		t.at = append(t.at, int64(latest))
		t.numbers = append(t.numbers, number)
	}
	return true
}

// before is where the newest number of each sender and template is kept: ids count up
// in each on their own. Where these are many, in each template.
func (c *Coder) before(senders, templates, rows int) (last []int64, stride int64) {
	n, stride := senders*templates, int64(templates)
	if n > 4*rows+1024 {
		n, stride = templates, 0
	}
	if cap(c.last) < n {
		c.last = make([]int64, n)
	}
	last = c.last[:n]
	clear(last)
	return last, stride
}

// identities writes the request ids: 0 and they, or how many templates there are,
// the templates, each row's, and by how much its number is above the one before.
func (w *writer) identities() {
	texts, t := w.o.IDs[w.from:w.to], &w.c.ids
	if !t.take(texts) {
		w.raw(texts)
		return
	}
	w.body = binary.AppendUvarint(w.body, uint64(len(t.list)))
	for _, one := range t.list {
		w.text(one.before)
		w.text(one.after)
		counts := byte(0)
		if one.counts {
			counts = 1
		}
		w.body = append(w.body, counts)
	}
	ints(w, t.at, plain)
	s := &w.c.senders
	last, stride := w.c.before(len(s.list), len(t.list), len(texts))
	for i, number := range t.numbers {
		place := s.at[i]*stride + t.at[i]
		t.numbers[i], last[place] = number-last[place], number
	}
	ints(w, t.numbers, plain)
}

func (w *writer) raw(texts []string) {
	w.body = binary.AppendUvarint(w.body, 0)
	lengths := w.c.numbers[:0]
	for _, id := range texts {
		lengths = append(lengths, int64(len(id)))
	}
	w.c.numbers = lengths
	ints(w, lengths, plain)
	for _, id := range texts {
		w.body = append(w.body, id...)
	}
}
