package quality

// ring keeps the newest rows in the order of their arrival. Rows live in
// chunks that are made when first reached, so that growth copies no row; once
// all are made, pushing allocates nothing.
type ring struct {
	limit  int
	chunks [][]slot
	write  int // position of the next row
	oldest int // position of the oldest request
	used   int // rows between the two
	index  index

	forgotten uint64 // rows that left before a label came
}

// slot is one row. The first row of a request also carries the request.
type slot struct {
	key        uint64
	at         int64 // nanoseconds since the store's epoch
	value      float32
	confidence float32
	rows       uint32
	model      uint16
	state      state
}

type state uint8

const (
	waiting  state = iota // for a label
	labelled              // kept to tell a repeated label from an unknown request
	replaced              // by a later prediction; no longer in the index
)

const (
	chunkRows = 4096 // 128 KiB
	// noConfidence marks a row whose model gave none.
	noConfidence = -1
)

func newRing(limit int) ring { return ring{limit: limit, index: newIndex()} }

func (r *ring) at(position int) *slot { return &r.chunks[position/chunkRows][position%chunkRows] }

func (r *ring) after(position, rows int) int {
	if position += rows; position >= r.limit {
		position -= r.limit
	}
	return position
}

// find returns the position of a request's first row, or -1.
func (r *ring) find(key uint64) int {
	x := &r.index
	for i := x.start(uint32(key)); x.entries[i].slot != 0; i = x.next(i) {
		if e := x.entries[i]; e.low == uint32(key) && r.at(int(e.slot)-1).key == key {
			return int(e.slot) - 1
		}
	}
	return -1
}

// push adds a request of 1 to limit rows and forgets as many of the oldest as
// must make room.
func (r *ring) push(key uint64, model uint16, at int64, values, confidences []float32) {
	if old := r.find(key); old >= 0 {
		r.drop(old)
		r.at(old).state = replaced
	}
	for r.used+len(values) > r.limit {
		r.forget()
	}
	first, rows := r.write, len(values)
	for len(values) > 0 {
		if r.write == len(r.chunks)*chunkRows {
			r.chunks = append(r.chunks, make([]slot, min(chunkRows, r.limit-r.write)))
		}
		room := r.chunks[r.write/chunkRows][r.write%chunkRows:]
		room = room[:min(len(room), len(values))]
		for i := range room {
			room[i].value, room[i].confidence = values[i], noConfidence
		}
		if len(confidences) != 0 {
			for i := range room {
				room[i].confidence = confidences[i]
			}
			confidences = confidences[len(room):]
		}
		values = values[len(room):]
		r.write = r.after(r.write, len(room))
	}
	r.used += rows
	head := r.at(first)
	head.key, head.at, head.model = key, at, model
	head.rows, head.state = uint32(rows), waiting
	r.index.insert(key, first)
}

// forget gives up the oldest request's rows.
func (r *ring) forget() {
	head := r.at(r.oldest)
	if head.state != replaced {
		r.drop(r.oldest)
	}
	r.oldest = r.after(r.oldest, int(head.rows))
	r.used -= int(head.rows)
}

// drop makes a request unfindable; its rows stay in place.
func (r *ring) drop(position int) {
	head := r.at(position)
	r.index.remove(head.key, position)
	if head.state == waiting {
		r.forgotten += uint64(head.rows)
	}
}
