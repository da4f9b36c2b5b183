//go:build linux

package main

import (
	"fmt"
	"math"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Where what is in a lane; see layout.go of package child.
const (
	askedAt, childSleepsAt, answeredAt, parentSleepsAt = 0, 8, 64, 72
	rowsAt, statusAt, textBytesAt, textAtByte, inputAt = 128, 192, 196, 256, 4096
	cacheLine                                          = 64
)

// looks are how often a lane looks for a batch before it sleeps.
const looks = 200

// lane runs one batch after the other, on a thread of its own.
type lane struct {
	session // with memory of its own for calls
	told    greeting

	asked, childSleeps, answered, parentSleeps, rows, status, textBytes *atomic.Uint32

	memory       []byte
	input, score []float32
	inputNames   []uintptr
	outputNames  []uintptr
	batches      [][]uintptr // the values of the inputs, by the number of rows less one; nil: not made yet
	outputs      []uintptr
}

func newLane(s *session, told greeting, memory []byte) (*lane, error) {
	word := func(at int) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&memory[at])) }
	l := &lane{
		session: session{&library{api: s.api}, s.handle, s.memory, s.allocator}, told: told, memory: memory,
		asked: word(askedAt), childSleeps: word(childSleepsAt), answered: word(answeredAt), parentSleeps: word(parentSleepsAt),
		rows: word(rowsAt), status: word(statusAt), textBytes: word(textBytesAt),
		batches: make([][]uintptr, told.MaxRows),
	}
	l.out = l.words(4)
	scoresAt := (inputAt + told.MaxRows*told.Features*4 + cacheLine - 1) / cacheLine * cacheLine
	l.input = unsafe.Slice((*float32)(unsafe.Pointer(&memory[inputAt])), told.MaxRows*told.Features)
	l.score = unsafe.Slice((*float32)(unsafe.Pointer(&memory[scoresAt])), told.MaxRows*told.Width)
	l.inputNames, l.outputNames = l.words(len(told.Config.Inputs)), l.words(len(told.Config.Outputs))
	for i, in := range told.Config.Inputs {
		l.inputNames[i] = l.text(in.Name)
	}
	for i, out := range told.Config.Outputs {
		l.outputNames[i] = l.text(out.Name)
	}
	l.outputs = l.words(len(told.Config.Outputs))
	return l, nil
}

// serve answers batches for ever.
func (l *lane) serve() {
	done := l.answered.Load()
	for {
		for look := 0; l.asked.Load() == done; look++ {
			if look < looks {
				continue
			}
			l.childSleeps.Store(1)
			futex(l.asked, 0, done)
			l.childSleeps.Store(0)
		}
		done = l.asked.Load()
		l.status.Store(0)
		if err := l.run(int(l.rows.Load())); err != nil {
			l.textBytes.Store(uint32(copy(l.memory[textAtByte:inputAt], err.Error())))
			l.status.Store(1)
		}
		l.answered.Store(done)
		if l.parentSleeps.Load() != 0 {
			futex(l.answered, 1, math.MaxInt32)
		}
	}
}

func futex(word *atomic.Uint32, operation uintptr, value uint32) {
	_, _, _ = syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), operation, uintptr(value), 0, 0, 0)
}

// run predicts rows, all at once or one by one.
func (l *lane) run(rows int) error {
	if !l.told.Config.OneByOne {
		return l.predict(l.input, l.score, rows)
	}
	for i := range rows {
		if err := l.predict(l.input[i*l.told.Features:], l.score[i*l.told.Width:], 1); err != nil {
			return err
		}
	}
	return nil
}

func (l *lane) predict(input, score []float32, rows int) error {
	values, owned, err := l.inputs(input, rows)
	if owned {
		defer l.drop(values)
	}
	if err != nil {
		return err
	}
	clear(l.outputs)
	if err := l.call(runSession, l.handle, 0, at(l.inputNames), at(values), uintptr(len(l.told.Config.Inputs)),
		at(l.outputNames), uintptr(len(l.told.Config.Outputs)), at(l.outputs)); err != nil {
		return err
	}
	defer l.drop(l.outputs)
	first := 0
	for i, out := range l.told.Config.Outputs {
		if err := l.copy(l.outputs[i], out, score, first, rows); err != nil {
			return err
		}
		first += out.Width
	}
	return nil
}

func (l *lane) drop(values []uintptr) {
	for _, v := range values {
		if v != 0 {
			l.release(releaseValue, v)
		}
	}
}

// inputs makes the values of the inputs. Those that are nothing but the shared memory
// are made once for each number of rows; the others are the caller's to drop.
func (l *lane) inputs(input []float32, rows int) (values []uintptr, owned bool, err error) {
	config := l.told.Config
	lies := len(config.Inputs) == 1 && config.Inputs[0].Elem == elemFloat && config.Inputs[0].Count == l.told.Features && !config.OneByOne
	if lies && l.batches[rows-1] != nil {
		return l.batches[rows-1], false, nil
	}
	values = l.words(len(config.Inputs))
	if !lies {
		values = values[:len(config.Inputs)]
	}
	for i, in := range config.Inputs {
		if values[i], err = l.value(in, input, rows, lies); err != nil {
			l.drop(values[:i])
			return nil, false, err
		}
	}
	if lies {
		l.batches[rows-1] = values
	}
	return values, !lies, nil
}

// value makes a tensor of an input's features.
func (l *lane) value(in input, rows []float32, n int, lies bool) (uintptr, error) {
	shape := l.shape(append([]int64{int64(n)}, in.Shape...)...)
	dimensions := uintptr(len(in.Shape) + 1)
	if lies {
		return l.make(createTensorWithData, l.memoryInfo(), uintptr(unsafe.Pointer(&rows[0])), uintptr(n*in.Count*4), shape, dimensions, elemFloat)
	}
	v, err := l.make(createTensor, l.allocator, shape, dimensions, uintptr(in.Elem))
	if err != nil {
		return 0, err
	}
	if in.Elem == elemString {
		err = l.fillTexts(v, in, rows, n)
	} else {
		err = l.fill(v, in, rows, n)
	}
	if err != nil {
		l.release(releaseValue, v)
		return 0, err
	}
	return v, nil
}

func (l *lane) memoryInfo() uintptr { return l.session.memory }

// fill converts features to numbers of a tensor's type.
func (l *lane) fill(v uintptr, in input, rows []float32, n int) error {
	data, err := l.make(getTensorMutableData, v)
	if err != nil {
		return err
	}
	each := func(set func(i int, x float32)) {
		for row := range n {
			for j := range in.Count {
				set(row*in.Count+j, rows[row*l.told.Features+in.First+j])
			}
		}
	}
	total := n * in.Count
	whole := true
	switch in.Elem {
	case elemFloat:
		to := cells[float32](data, total)
		each(func(i int, x float32) { to[i] = x })
		return nil
	case elemDouble:
		to := cells[float64](data, total)
		each(func(i int, x float32) { to[i] = float64(x) })
		return nil
	case elemInt64:
		whole = fillWhole(cells[int64](data, total), each)
	case elemInt32:
		whole = fillWhole(cells[int32](data, total), each)
	case elemInt16:
		whole = fillWhole(cells[int16](data, total), each)
	case elemInt8:
		whole = fillWhole(cells[int8](data, total), each)
	case elemUint8:
		whole = fillWhole(cells[uint8](data, total), each)
	case elemBool:
		to := cells[uint8](data, total)
		each(func(i int, x float32) { to[i] = map[bool]uint8{true: 1}[x != 0] })
		return nil
	default:
		return fmt.Errorf("input %q has elements of type %d, which cannot be made of numbers here", in.Name, in.Elem)
	}
	if !whole {
		return fmt.Errorf("input %q takes whole numbers of a limited size; a row has another", in.Name)
	}
	return nil
}

// fillWhole reports whether every number is one of the type.
func fillWhole[T int64 | int32 | int16 | int8 | uint8](to []T, each func(func(i int, x float32))) bool {
	whole := true
	each(func(i int, x float32) {
		to[i] = T(x)
		whole = whole && float32(to[i]) == x
	})
	return whole
}

// fillTexts puts the names of categories into a tensor of texts.
func (l *lane) fillTexts(v uintptr, in input, rows []float32, n int) error {
	texts := make([]uintptr, 0, n*in.Count)
	for row := range n {
		for j := range in.Count {
			x := rows[row*l.told.Features+in.First+j]
			names := l.categories(in, j)
			if !(x >= 0 && int(x) < len(names)) {
				return fmt.Errorf("input %q takes the name of a category; a row has none, or an unknown one", in.Name)
			}
			texts = append(texts, names[int(x)])
		}
	}
	if cap(l.scratch()) < len(texts) {
		scratch[l] = l.words(len(texts) * 2)
	}
	into := scratch[l][:len(texts)]
	copy(into, texts)
	return l.call(fillStringTensor, v, at(into), uintptr(len(texts)))
}

// copy takes an output's numbers.
func (l *lane) copy(v uintptr, out output, score []float32, first, rows int) error {
	info, err := l.make(getTensorTypeAndShape, v)
	if err != nil {
		return fmt.Errorf("output %q: %w", out.Name, err)
	}
	defer l.release(releaseTensorTypeAndShape, info)
	count, err := l.make(getTensorShapeElementCount, info)
	if err != nil {
		return err
	}
	elem, err := l.make(getTensorElementType, info)
	if err != nil {
		return err
	}
	if int(count) != rows*out.Width {
		return fmt.Errorf("output %q has %d numbers for %d rows; expected %d", out.Name, count, rows, rows*out.Width)
	}
	data, err := l.make(getTensorMutableData, v)
	if err != nil {
		return err
	}
	n := int(count)
	put := func(at int) *float32 { return &score[at/out.Width*l.told.Width+first+at%out.Width] }
	switch uint32(elem) {
	case elemFloat:
		from := cells[float32](data, n)
		if out.Width == l.told.Width {
			copy(score, from)
			return nil
		}
		for i, x := range from {
			*put(i) = x
		}
	case elemDouble:
		for i, x := range cells[float64](data, n) {
			*put(i) = float32(x)
		}
	case elemInt64:
		for i, x := range cells[int64](data, n) {
			*put(i) = float32(x)
		}
	case elemInt32:
		for i, x := range cells[int32](data, n) {
			*put(i) = float32(x)
		}
	default:
		return fmt.Errorf("output %q has elements of type %d, which are no numbers", out.Name, uint32(elem))
	}
	return nil
}
