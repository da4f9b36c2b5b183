package child

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"penstock/model"
)

// Supported says why processes cannot be run here; nil: they can.
func Supported() error { return nil }

// Process is a process that runs an engine, and those that follow it when it dies.
// Predict may be called for several lanes at the same time.
type Process struct {
	config Config
	memory []byte
	file   *os.File // of the memory
	lanes  []lane

	mu       sync.Mutex
	running  *incarnation  // nil while there is none that is ready
	ready    chan struct{} // closed when running is set
	state    string
	restarts uint64

	closing   chan struct{}
	closeOnce sync.Once
	ended     chan struct{} // supervise has returned
}

// lane is one way in.
type lane struct {
	words

	mu sync.Mutex // held while a batch is in it, and while a start resets it
}

// Start starts the process and waits until it is ready, and returns what it said
// then. It is started again whenever it ends, until Close.
func Start(config Config) (*Process, json.RawMessage, error) {
	config = config.withDefaults()
	size := laneBytes(config.MaxRows, config.Features, config.Width)
	p := &Process{
		config: config, lanes: make([]lane, config.Lanes), state: model.ProcessStarting,
		ready: make(chan struct{}), closing: make(chan struct{}), ended: make(chan struct{}),
	}
	if err := p.share(size); err != nil {
		return nil, nil, fmt.Errorf("memory shared with %s: %w", config.Name, err)
	}
	for i := range p.lanes {
		p.lanes[i].words = wordsOf(p.memory[i*size:][:size], config.MaxRows, config.Features, config.Width)
	}
	first := make(chan started)
	go p.supervise(first)
	told := <-first
	if told.err != nil {
		<-p.ended
		p.free()
		return nil, nil, told.err
	}
	return p, told.said, nil
}

// share makes the memory.
func (p *Process) share(size int) error {
	fd, err := unix.MemfdCreate("penstock", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	p.file = os.NewFile(uintptr(fd), "penstock")
	total := size * len(p.lanes)
	if err := p.file.Truncate(int64(total)); err != nil {
		p.file.Close()
		return err
	}
	if p.memory, err = unix.Mmap(fd, 0, total, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		p.file.Close()
	}
	return err
}

func (p *Process) free() {
	_ = unix.Munmap(p.memory)
	_ = p.file.Close()
}

// Close ends the process and waits for that. No Predict may be under way.
func (p *Process) Close() error {
	p.closeOnce.Do(func() {
		close(p.closing)
		<-p.ended
		p.free()
	})
	return nil
}

// Status tells how the process is.
func (p *Process) Status() model.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := model.Process{State: p.state, Restarts: p.restarts}
	if p.running != nil {
		s.PID, s.Bytes = p.running.cmd.Process.Pid, resident(p.running.cmd.Process.Pid)
	}
	return s
}

// Predict has the process run a batch. An error wraps model.ErrUnavailable where no
// row is to blame; else it is a *FailedError.
func (p *Process) Predict(number int, scores, features []float32, rows int) error {
	l := &p.lanes[number]
	in, err := p.await()
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if in.gone.Load() { // and the lane may belong to the next
		return away("%s ended", p.config.Name)
	}
	copy(l.input, features)
	l.rows.Store(uint32(rows))
	asked := l.asked.Add(1)
	if l.childSleeps.Load() != 0 {
		wake(l.asked)
	}
	if err := p.answer(l, in, asked); err != nil {
		return err
	}
	in.answered.Store(true)
	if l.status.Load() != 0 {
		n := min(int(l.textBytes.Load()), len(l.text))
		return &FailedError{string(l.text[:n])}
	}
	copy(scores, l.output)
	return nil
}

// await returns the process that runs, and waits a moment for one that starts.
func (p *Process) await() (*incarnation, error) {
	p.mu.Lock()
	in, ready := p.running, p.ready
	p.mu.Unlock()
	if in != nil {
		return in, nil
	}
	timer := time.NewTimer(p.config.Patience)
	defer timer.Stop()
	select {
	case <-ready:
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.running != nil {
			return p.running, nil
		}
	case <-p.closing:
		return nil, away("%s: %v", p.config.Name, errClosed)
	case <-timer.C:
	}
	return nil, away("%s is being started again", p.config.Name)
}

// The wait for an answer begins with looking, which saves the way through the kernel
// for short batches, and goes on with sleep. A sleeper looks up now and then, since who
// dies wakes nobody.
const (
	looks  = 8000 // some 40 µs: waking a processor that sleeps takes nearly as long
	nap    = 20 * time.Millisecond
	yields = 30 // looks between two chances for other goroutines
)

// answer waits until the child has answered.
func (p *Process) answer(l *lane, in *incarnation, asked uint32) error {
	for look := range looks {
		if l.answered.Load() == asked {
			return nil
		}
		if look%yields == yields-1 {
			runtime.Gosched()
		}
	}
	began := time.Now()
	for {
		l.parentSleeps.Store(1)
		seen := l.answered.Load()
		if seen == asked {
			l.parentSleeps.Store(0)
			return nil
		}
		sleep(l.answered, seen, nap)
		l.parentSleeps.Store(0)
		switch {
		case l.answered.Load() == asked:
			return nil
		case in.gone.Load():
			return away("%s ended while it ran the batch", p.config.Name)
		case time.Since(began) > p.config.Hang:
			in.kill(fmt.Sprintf("it did not answer for %v", p.config.Hang))
			<-in.left
			return away("%s did not answer for %v and was killed", p.config.Name, p.config.Hang)
		}
	}
}

// incarnation is one process.
type incarnation struct {
	*program

	answered atomic.Bool // a batch
	gone     atomic.Bool
	left     chan struct{} // closed when it is gone
}
