package quality

// kept is a request that is remembered, with its first row. Most have no other.
type kept struct {
	key        uint64
	at         int64 // nanoseconds since the store's epoch
	value      float32
	confidence float32
	rows       uint32
	more       uint32 // the first block of its other rows
	older      uint32 // its neighbours among the requests of its holder
	newer      uint32
	holder     uint32
	model      uint16
	labelled   bool // kept to tell a repeated label from an unknown request
}

// block is further rows of a request.
type block struct {
	next        uint32
	values      [blockRows]float32
	confidences [blockRows]float32
}

const (
	blockRows = 7
	// noConfidence marks a row whose model gave none.
	noConfidence = -1
)

func confidence(of []float32, row int) float32 {
	if len(of) == 0 {
		return noConfidence
	}
	return of[row]
}

// store keeps a request's rows.
func (m *memory) store(head *kept, values, confidences []float32) {
	head.rows = uint32(len(values))
	head.value, head.confidence = values[0], confidence(confidences, 0)
	link := &head.more
	for done := 1; done < len(values); {
		*link = m.blocks.take()
		b := m.blocks.at(*link)
		rows := copy(b.values[:], values[done:])
		if copy(b.confidences[:rows], confidences[min(done, len(confidences)):]) == 0 {
			for i := range b.confidences {
				b.confidences[i] = noConfidence
			}
		}
		done += rows
		link = &b.next
	}
	*link = none
}

// release gives up the memory of a request's rows.
func (m *memory) release(first uint32) {
	for next := m.requests.at(first).more; next != none; next = m.blocks.at(next).next {
		m.blocks.release(next)
	}
	m.requests.release(first)
}

// each calls do with every row of a request.
func (m *memory) each(head *kept, do func(row int, value, confidence float32)) {
	do(0, head.value, head.confidence)
	next := head.more
	for row := 1; row < int(head.rows); {
		b := m.blocks.at(next)
		for i := 0; i < blockRows && row < int(head.rows); i++ {
			do(row, b.values[i], b.confidences[i])
			row++
		}
		next = b.next
	}
}
