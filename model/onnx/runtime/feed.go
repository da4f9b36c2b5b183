package main

import "fmt"

// feed turns the features of rows into the inputs of the model.
type feed struct {
	*engine
	memory
	rows    uintptr // the features
	maxRows int
	buffers []uintptr // of each input: the features themselves, or a copy as its type has it
	slots   uintptr
}

func newFeed(e *engine, rows uintptr, maxRows int) (f *feed, err error) {
	f = &feed{engine: e, rows: rows, maxRows: maxRows}
	if f.slots, err = f.memory.take(64); err != nil {
		return nil, err
	}
	for i := range e.inputs {
		in := &e.inputs[i]
		at := rows
		if !f.direct(in) {
			if at, err = f.memory.take(max(sizes[in.Type], 8) * in.count * maxRows); err != nil {
				return nil, err
			}
		}
		f.buffers = append(f.buffers, at)
	}
	return f, nil
}

// direct says that an input is the features as they lie.
func (f *feed) direct(in *input) bool { return in.Type == float32s && in.count == f.Features }

// bind makes the values of rows from start on, as run takes them.
func (f *feed) bind(start, rows int) (uintptr, error) {
	values, err := f.memory.take(8 * len(f.inputs))
	if err != nil {
		return 0, err
	}
	for i := range f.inputs {
		in := &f.inputs[i]
		dims := append([]int64{int64(rows)}, in.rest...)
		if in.scalar {
			dims = nil
		}
		shape, err := f.memory.words(dims...)
		if err != nil {
			return 0, err
		}
		into := values + uintptr(8*i)
		if in.Type == strings {
			allocator, err := f.getInto(f.slots, getAllocatorWithDefaultOptions)
			if err != nil {
				return 0, err
			}
			err = f.call(createTensorAsOrtValue, allocator, shape, uintptr(len(dims)), strings, into)
			if err != nil {
				return 0, err
			}
			continue
		}
		size := sizes[in.Type] * in.count
		err = f.call(createTensorWithDataAsOrtValue, f.memoryInfo, f.buffers[i]+uintptr(start*size), uintptr(rows*size),
			shape, uintptr(len(dims)), uintptr(in.Type), into)
		if err != nil {
			return 0, err
		}
	}
	return values, nil
}

// fill copies the features of rows to the inputs that are not direct.
func (f *feed) fill(start, rows int) error {
	features := sliceAt[float32](f.rows, f.maxRows*f.Features)
	for i := range f.inputs {
		in := &f.inputs[i]
		if f.direct(in) {
			continue
		}
		at := f.buffers[i]
		n := f.maxRows * in.count
		for r := start; r < start+rows; r++ {
			from := features[r*f.Features+in.from:][:in.count]
			o := r * in.count
			ok := true
			switch in.Type {
			case float32s:
				copy(sliceAt[float32](at, n)[o:], from)
			case float64s:
				convert(sliceAt[float64](at, n)[o:], from)
			case int64s:
				ok = whole(sliceAt[int64](at, n)[o:], from, -1<<63, 1<<63)
			case int32s:
				ok = whole(sliceAt[int32](at, n)[o:], from, -1<<31, 1<<31)
			case int16s:
				ok = whole(sliceAt[int16](at, n)[o:], from, -1<<15, 1<<15)
			case int8s:
				ok = whole(sliceAt[int8](at, n)[o:], from, -1<<7, 1<<7)
			case uint16s:
				ok = whole(sliceAt[uint16](at, n)[o:], from, 0, 1<<16)
			case uint8s:
				ok = whole(sliceAt[uint8](at, n)[o:], from, 0, 1<<8)
			case bools:
				ok = whole(sliceAt[uint8](at, n)[o:], from, 0, 2)
			case strings:
				texts := sliceAt[uintptr](at, n)[o:]
				for c, x := range from {
					known := f.engine.texts[in.from+c]
					if !(x >= 0 && x < float32(len(known))) {
						ok = false
						continue
					}
					texts[c] = known[int(x)]
				}
			}
			if !ok {
				return fmt.Errorf("input %q takes whole numbers of its type; features %d to %d of a row are not", in.Name, in.from, in.from+in.count-1)
			}
		}
	}
	return nil
}

// fillTexts gives the tensors of strings their strings.
func (f *feed) fillTexts(values uintptr, start, rows int) error {
	for i := range f.inputs {
		in := &f.inputs[i]
		if in.Type != strings {
			continue
		}
		value := sliceAt[uintptr](values, len(f.inputs))[i]
		if err := f.call(fillStringTensor, value, f.buffers[i]+uintptr(8*start*in.count), uintptr(rows*in.count)); err != nil {
			return err
		}
	}
	return nil
}

func convert[To, From float32 | float64 | int64 | int32](to []To, from []From) {
	for i, x := range from {
		to[i] = To(x)
	}
}

// whole writes numbers as integers; it fails at one that is no integer, or not
// in [low, high).
func whole[To int64 | int32 | int16 | int8 | uint16 | uint8](to []To, from []float32, low, high float32) bool {
	for i, x := range from {
		if !(x >= low && x < high) || float32(To(x)) != x {
			return false
		}
		to[i] = To(x)
	}
	return true
}
