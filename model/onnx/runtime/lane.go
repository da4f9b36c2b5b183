package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Where things lie in a lane.
const (
	askedAt       = 0
	sleepsAt      = 8
	answeredAt    = 64
	serverSleepAt = 72
	rowsAt        = 128
	statusAt      = 192
	textLengthAt  = 196
	textAtByte    = 256
	inputsAt      = 4096
)

// spins is how often a lane looks for the next batch before it sleeps: some 20 µs,
// since waking a processor that sleeps takes longer than that. Much longer takes it
// from those that would send the batch.
const spins = 40000

// lane answers the batches of one worker.
type lane struct {
	engine  *engine
	at      uintptr
	maxRows int
	feed    *feed
	scores  uintptr
	buffers []uintptr // of each output; the scores themselves where that can be
	sets    []set     // by rows, or by the first row where each runs alone
}

// set is a batch of some size as run takes it.
type set struct{ in, out uintptr }

func newLane(e *engine, at uintptr, maxRows int) (l *lane, err error) {
	l = &lane{engine: e, at: at, maxRows: maxRows, sets: make([]set, maxRows+1)}
	l.scores = at + (uintptr(inputsAt+4*maxRows*e.Features)+63)&^63
	if l.feed, err = newFeed(e, at+inputsAt, maxRows); err != nil {
		return nil, err
	}
	for i := range e.outputs {
		o := &e.outputs[i]
		to := l.scores
		if !l.direct(o) {
			if to, err = l.feed.memory.take(sizes[o.Type] * o.width * maxRows); err != nil {
				return nil, err
			}
		}
		l.buffers = append(l.buffers, to)
	}
	return l, nil
}

func (l *lane) direct(o *output) bool { return o.Type == float32s && o.width == l.engine.Width }

// serve answers one batch after the other, and never returns.
func (l *lane) serve() {
	runtime.LockOSThread()
	asked, sleeps := l.word(askedAt), l.word(sleepsAt)
	answered, serverSleeps := l.word(answeredAt), l.word(serverSleepAt)
	last := atomic.LoadUint32(answered)
	for {
		now := atomic.LoadUint32(asked)
		for i := 0; now == last && i < spins; i++ {
			now = atomic.LoadUint32(asked)
		}
		if now == last {
			atomic.StoreUint32(sleeps, 1)
			if atomic.LoadUint32(asked) == last {
				futex(asked, futexWait, last)
			}
			atomic.StoreUint32(sleeps, 0)
			continue
		}
		last = now
		status := uint32(0)
		if err := l.predict(int(atomic.LoadUint32(l.word(rowsAt)))); err != nil {
			status = 1
			n := copy(bytesAt(l.at+textAtByte, inputsAt-textAtByte), err.Error())
			*l.word(textLengthAt) = uint32(n)
		}
		*l.word(statusAt) = status
		atomic.StoreUint32(answered, now)
		if atomic.LoadUint32(serverSleeps) != 0 {
			futex(answered, futexWake, 1)
		}
	}
}

func (l *lane) word(at uintptr) *uint32 { return (*uint32)(pointer(l.at + at)) }

const (
	futexWait = 0
	futexWake = 1
)

func futex(word *uint32, operation, value uint32) {
	syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), uintptr(operation), uintptr(value), 0, 0, 0)
}

func (l *lane) predict(rows int) error {
	if rows < 1 || rows > l.maxRows {
		return fmt.Errorf("a batch of %d rows; expected 1 to %d", rows, l.maxRows)
	}
	if !l.engine.Single {
		if err := l.runRows(0, rows, &l.sets[rows]); err != nil {
			return err
		}
	} else {
		for r := range rows {
			if err := l.runRows(r, 1, &l.sets[r]); err != nil {
				return err
			}
		}
	}
	l.collect(rows)
	return nil
}

func (l *lane) runRows(start, rows int, s *set) error {
	e := l.engine
	if s.out == 0 {
		if err := l.bind(start, rows, s); err != nil {
			return err
		}
	}
	if err := l.feed.fill(start, rows); err != nil {
		return err
	}
	if err := l.feed.fillTexts(s.in, start, rows); err != nil {
		return err
	}
	return e.call(run, e.session, 0, e.names[0], s.in, uintptr(len(e.inputs)), e.names[1], uintptr(len(e.outputs)), s.out)
}

// bind makes the tensors of a batch's size once; they lie where they lie.
func (l *lane) bind(start, rows int, s *set) (err error) {
	if s.in, err = l.feed.bind(start, rows); err != nil {
		return err
	}
	out, err := l.feed.memory.take(8 * len(l.engine.outputs))
	if err != nil {
		return err
	}
	for i := range l.engine.outputs {
		o := &l.engine.outputs[i]
		dims := append([]int64{int64(rows)}, o.rest...)
		shape, err := l.feed.memory.words(dims...)
		if err != nil {
			return err
		}
		size := sizes[o.Type] * o.width
		err = l.engine.call(createTensorWithDataAsOrtValue, l.engine.memoryInfo, l.buffers[i]+uintptr(start*size),
			uintptr(rows*size), shape, uintptr(len(dims)), uintptr(o.Type), out+uintptr(8*i))
		if err != nil {
			return err
		}
	}
	s.out = out
	return nil
}

// collect puts the outputs of rows side by side.
func (l *lane) collect(rows int) {
	width := l.engine.Width
	scores := sliceAt[float32](l.scores, l.maxRows*width)
	column := 0
	for i := range l.engine.outputs {
		o := &l.engine.outputs[i]
		if l.direct(o) {
			return
		}
		n := l.maxRows * o.width
		for r := range rows {
			to := scores[r*width+column:][:o.width]
			from := r * o.width
			switch o.Type {
			case float32s:
				copy(to, sliceAt[float32](l.buffers[i], n)[from:])
			case float64s:
				convert(to, sliceAt[float64](l.buffers[i], n)[from:from+o.width])
			case int64s:
				convert(to, sliceAt[int64](l.buffers[i], n)[from:from+o.width])
			case int32s:
				convert(to, sliceAt[int32](l.buffers[i], n)[from:from+o.width])
			}
		}
		column += o.width
	}
}
