package child

import (
	"encoding/json"
	"log/slog"
	"runtime"
	"time"

	"penstock/model"
)

// started is how the first start went.
type started struct {
	said json.RawMessage
	err  error
}

// supervise starts the process again and again, until Close, or until the first start
// fails. It keeps its thread: Linux ends a process that asked for it (PDEATHSIG) with
// the thread that started it, and not only with its parent.
func (p *Process) supervise(first chan<- started) {
	runtime.LockOSThread()
	defer close(p.ended)
	pause := time.Duration(0)
	for {
		in, said, err := p.begin()
		if first != nil {
			first <- started{said, err}
			if err != nil {
				return
			}
			first = nil
		}
		switch {
		case err != nil && p.isClosing():
			return
		case err != nil:
			p.config.Log.Error("a process that runs a model does not start", "name", p.config.Name, "error", err)
		case !p.watch(in):
			return
		}
		if err == nil && in.answered.Load() {
			pause = 0
		} else {
			pause = min(max(2*pause, firstPause), lastPause)
		}
		if !p.rest(pause) {
			return
		}
	}
}

// begin starts one and waits until it is ready.
func (p *Process) begin() (*incarnation, json.RawMessage, error) {
	for i := range p.lanes {
		l := &p.lanes[i]
		l.mu.Lock() // until the batch that the last one had has given up
		l.answered.Store(l.asked.Load())
		l.childSleeps.Store(0)
		l.mu.Unlock()
	}
	program, said, err := start(p.config, p.file, p.closing)
	if err != nil {
		return nil, nil, err
	}
	in := &incarnation{program: program, left: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running, p.state = in, model.ProcessReady
	close(p.ready)
	return in, said, nil
}

// watch waits for the end of a process, and returns false when that is by Close.
func (p *Process) watch(in *incarnation) bool {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for closing := false; ; {
		select {
		case <-in.exited:
			in.gone.Store(true)
			p.mu.Lock()
			p.running, p.state, p.ready = nil, model.ProcessWaiting, make(chan struct{})
			if !closing {
				p.restarts++
			}
			p.mu.Unlock()
			close(in.left)
			for i := range p.lanes {
				wake(p.lanes[i].answered)
			}
			if closing {
				return false
			}
			p.config.Log.Warn("a process that runs a model ended", "name", p.config.Name, "pid", in.cmd.Process.Pid, "why", in.why())
			return true
		case <-p.closed(closing):
			closing = true
			in.kill("")
		case <-tick.C:
			if held := resident(in.cmd.Process.Pid); p.config.MemoryLimit > 0 && held > p.config.MemoryLimit {
				p.config.Log.Error("a process that runs a model has too much memory and is killed", "name", p.config.Name,
					slog.Int64("bytes", held), slog.Int64("limit", p.config.MemoryLimit))
				in.kill("it had more memory than its limit")
			}
		}
	}
}

func (p *Process) isClosing() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// closed is the channel that Close closes, once.
func (p *Process) closed(already bool) <-chan struct{} {
	if already {
		return nil
	}
	return p.closing
}

// rest waits before the next start; false when Close came.
func (p *Process) rest(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-p.closing:
		return false
	case <-timer.C:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = model.ProcessStarting
	return true
}
