package quality

// pool is a list of Ts that come and go. They live in chunks that are made when
// first reached, so that growth copies nothing; what is given back is the next
// to be taken. Once it has its size, nothing is allocated.
type pool[T any] struct {
	chunks [][]T
	made   int      // how many were ever taken
	spare  []uint32 // those given back
}

const (
	chunk = 1024
	// none is the position of nothing.
	none = ^uint32(0)
)

func (p *pool[T]) at(position uint32) *T { return &p.chunks[position/chunk][position%chunk] }

// take returns a T that nobody uses; it holds what it did.
func (p *pool[T]) take() uint32 {
	if last := len(p.spare) - 1; last >= 0 {
		position := p.spare[last]
		p.spare = p.spare[:last]
		return position
	}
	if p.made == len(p.chunks)*chunk {
		p.chunks = append(p.chunks, make([]T, chunk))
	}
	p.made++
	return uint32(p.made - 1)
}

func (p *pool[T]) release(position uint32) { p.spare = append(p.spare, position) }
