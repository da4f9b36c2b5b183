package dense

import "math"

// A layer with fewer outputs than these, in vectors, is done before the zeros in
// many rows would be found.
const findVectors = 4

// strips returns what the tiles of a batch multiply, to compute so many vectors
// of outputs. They lie in w.
func (p *tiled) strips(c cut, src []float32, vectors int, w *workspace) []strip {
	strips, values, offsets := w.strips[:c.count], w.values, w.offsets
	row := 0
	for i := range strips {
		height := c.height
		if i < c.taller {
			height++
		}
		s := strip{row: row, height: height, values: src[row*p.in:], stride: p.in, depth: p.in, offsets: p.offsets}
		if height == 1 || vectors >= findVectors && p.set.find != nil {
			if found := p.find(offsets, w.masks, s.values, height); found < p.in-p.in/8 {
				s.compact(p, found, offsets, values, w.masks)
				values, offsets = values[height*found:], offsets[found+mostAhead:]
			}
		}
		strips[i] = s
		row += height
	}
	return strips
}

// compact leaves only found inputs, those of offsets and masks.
func (s *strip) compact(p *tiled, found int, offsets []uint32, values []float32, masks []uint16) {
	for r := range s.height {
		p.compact(values[r*found:], masks, s.values[r*p.in:][:p.in])
	}
	s.values, s.stride, s.depth, s.offsets = values, found, found, offsets
}

// findFunc finds the inputs that are not zero, of either sign, in all rows:
//
//	for k in inputs: if any src[r][k] ≠ 0: masks[k] = 1, offsets[found] = first + k · bytes of a vector; found++
//
// A row has vectors vectors of maskBits inputs, at least one, and the last has
// columns. srcStride is in bytes. Up to maskBits offsets past those found may be
// overwritten.
type findFunc func(offsets *uint32, masks *uint16, src *float32, rows, srcStride, vectors, columns uintptr, first uint32) (found uintptr)

// compactFunc moves those inputs of a row together:
//
//	for k in inputs: if masks[k]: values[found] = row[k]; found++
//
// Up to maskBits values past those may be overwritten.
type compactFunc func(values *float32, masks *uint16, row *float32, vectors, columns uintptr) (found uintptr)

// partInputs is how many inputs one call of these takes, a multiple of maskBits,
// since they cannot be preempted either: 12 rows of them are through in 100 µs.
const partInputs = 32 << 10

// find is a set's findFunc for the first rows of src, or else the same in Go.
func (p *tiled) find(offsets []uint32, masks []uint16, src []float32, rows int) (found int) {
	if p.set.find == nil {
		return p.findPortably(offsets, masks, src, rows)
	}
	for first := 0; first < p.in; first += partInputs {
		vectors, columns := maskVectors(min(partInputs, p.in-first))
		found += int(p.set.find(&offsets[found], &masks[first/maskBits], &src[first], uintptr(rows), bytes(p.in),
			vectors, columns, p.offsets[first]))
	}
	return found
}

func (p *tiled) findPortably(offsets []uint32, masks []uint16, src []float32, rows int) (found int) {
	for first := 0; first < p.in; first += maskBits {
		mask := uint16(0)
		for k := first; k < min(first+maskBits, p.in); k++ {
			magnitude := uint32(0)
			for r := range rows {
				magnitude |= math.Float32bits(src[r*p.in+k]) << 1
			}
			// No branch: it would be a guess, and often wrong.
			some := (magnitude | -magnitude) >> 31
			mask |= uint16(some << (k - first))
			offsets[found] = p.offsets[k]
			found += int(some)
		}
		masks[first/maskBits] = mask
	}
	return found
}

// compact is a set's compactFunc, or else the same in Go.
func (p *tiled) compact(values []float32, masks []uint16, row []float32) {
	found := 0
	if p.set.compact == nil {
		for k, x := range row {
			values[found] = x
			found += int(masks[k/maskBits] >> (k % maskBits) & 1)
		}
		return
	}
	for first := 0; first < p.in; first += partInputs {
		vectors, columns := maskVectors(min(partInputs, p.in-first))
		found += int(p.set.compact(&values[found], &masks[first/maskBits], &row[first], vectors, columns))
	}
}

// maskVectors is how many vectors of maskBits some inputs are, and how many of
// them are in the last.
func maskVectors(inputs int) (vectors, columns uintptr) {
	before := (inputs - 1) / maskBits
	return uintptr(before + 1), uintptr(inputs - before*maskBits)
}
