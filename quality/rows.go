package quality

// kept is a request that is remembered, with its first value. Most have no other.
type kept struct {
	key        key
	at         int64 // nanoseconds since the store's epoch
	value      float32
	confidence float32
	size       uint32 // how many values it has; 1 if it has none, 0 where there is no request
	more       uint32 // the first block of its other values
	older      uint32 // its neighbours among the requests of its holder
	newer      uint32
	holder     uint32
	details    uint32 // the first of its rows' details
	series     uint16
	labelled   bool // kept to tell a repeated label from an unknown request
}

// block is further values of a request.
type block struct {
	next        uint32
	values      [blockValues]float32
	confidences [blockValues]float32
}

const (
	blockValues = 7
	// noConfidence marks a request whose model gave none.
	noConfidence = -1
)

// store keeps a request's values.
func (m *memory) store(head *kept, r *request) {
	values, confidences := r.values, r.confidences
	head.size = uint32(r.size)
	head.value, head.confidence = 0, noConfidence
	if len(values) > 0 {
		head.value = values[0]
	}
	if len(confidences) > 0 {
		head.confidence = confidences[0]
	}
	link := &head.more
	for done := 1; done < len(values); {
		*link = m.blocks.take()
		b := m.blocks.at(*link)
		n := copy(b.values[:], values[done:])
		copy(b.confidences[:n], confidences[min(done, len(confidences)):])
		done += n
		link = &b.next
	}
	*link = none
	m.keepDetails(head, r)
}

// release gives up the memory of a request's values.
func (m *memory) release(first uint32) {
	m.requests.at(first).size = 0 // of nothing
	for next := m.requests.at(first).more; next != none; next = m.blocks.at(next).next {
		m.blocks.release(next)
	}
	m.releaseDetails(m.requests.at(first))
	m.requests.release(first)
}

// rowBuffer is where a row is put together whose values lie in several blocks.
type rowBuffer struct{ values, confidences []float32 }

// each calls do with every row of a request, of width values. What it gives is
// good until do returns.
func (m *memory) each(head *kept, width int, do func(row int, values, confidences []float32)) {
	row := &m.row
	values, confidences := row.values[:0], row.confidences[:0]
	sure := head.confidence != noConfidence
	done, b, next := 0, (*block)(nil), head.more
	for i := range int(head.size) {
		value, confidence := head.value, head.confidence
		if i > 0 {
			at := (i - 1) % blockValues
			if at == 0 {
				b = m.blocks.at(next)
				next = b.next
			}
			value, confidence = b.values[at], b.confidences[at]
		}
		values = append(values, value)
		if sure {
			confidences = append(confidences, confidence)
		}
		if len(values) == width {
			do(done, values, confidences)
			done++
			values, confidences = values[:0], confidences[:0]
		}
	}
	row.values, row.confidences = values, confidences
}
