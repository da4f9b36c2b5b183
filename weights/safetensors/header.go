package safetensors

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"penstock/weights"
)

// part is one tensor's place in the file.
type part struct {
	name       string
	wanted     bool
	dtype      dtype
	shape      []int
	count      int64 // of values: the shape's product
	begin, end int64 // from the end of the header
}

func (p part) field() string { return fmt.Sprintf("tensor %q", p.name) }

// readHeader returns the tensors in the order of their data, which must fill
// exactly size bytes, and the metadata.
func readHeader(header []byte, size int64, wanted func(name string) bool) (parts []part, metadata map[string]string, err error) {
	o := weights.ReadObject("header", header)
	o.Optional("__metadata__", &metadata)
	for _, name := range o.Keys() {
		p, err := readPart(name, o.Raw(name), size, wanted(name))
		if err != nil {
			return nil, nil, err
		}
		parts = append(parts, p)
	}
	if err := o.Done(); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(parts, func(a, b part) int { // an empty one before what begins where it does
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at := int64(0)
	for _, p := range parts {
		if p.begin != at {
			return nil, nil, wrong(p.field(), "begins at byte %d of the data; expected %d: tensors may not overlap or leave gaps", p.begin, at)
		}
		at = p.end
	}
	if at != size {
		return nil, nil, wrong("header", "tensors end at byte %d of the data, the file at %d: the file is truncated or has bytes left over", at, size)
	}
	return parts, metadata, nil
}

func readPart(name string, data json.RawMessage, size int64, wanted bool) (part, error) {
	p := part{name: name, wanted: wanted, count: 1}
	o := weights.ReadObject(p.field(), data)
	var offsets []int64
	var kind string
	o.Required("dtype", &kind)
	o.Required("shape", &p.shape)
	o.Required("data_offsets", &offsets)
	if err := o.Done(); err != nil {
		return p, err
	}
	p.dtype = dtype(kind)
	if !wanted {
		if len(offsets) != 2 || offsets[0] < 0 || offsets[1] > size || offsets[0] > offsets[1] {
			return p, wrong(p.field(), "has data_offsets %v; expected two within the %d bytes of data", offsets, size)
		}
		p.begin, p.end = offsets[0], offsets[1]
		return p, nil
	}
	width := p.dtype.width()
	if width == 0 {
		return p, wrong(p.field(), "has dtype %q; expected F32 or F16: convert the weights before export", kind)
	}
	for _, d := range p.shape {
		// count stays ≤ size, so the product below cannot overflow.
		if d < 1 || int64(d) > size/p.count {
			return p, wrong(p.field(), "has shape %v; expected sizes of at least 1 that fit into the %d bytes of data", p.shape, size)
		}
		p.count *= int64(d)
	}
	if len(offsets) != 2 || offsets[0] < 0 || offsets[1] > size || offsets[1]-offsets[0] != p.count*width {
		return p, wrong(p.field(), "has data_offsets %v; %s of shape %v needs two, %d bytes apart, within the %d bytes of data", offsets, kind, p.shape, p.count*width, size)
	}
	p.begin, p.end = offsets[0], offsets[1]
	return p, nil
}
