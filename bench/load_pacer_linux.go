package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pacer sleeps to within tens of microseconds. The runtime's own timers wait
// in epoll, which counts milliseconds, and would make an idle generator late
// by half of one on average: more than a small model takes. A timerfd wakes
// the same epoll on time.
type pacer struct {
	fd   int
	file *os.File
}

func newPacer() (*pacer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("load: timerfd: %w", err)
	}
	return &pacer{fd: fd, file: os.NewFile(uintptr(fd), "timerfd")}, nil
}

func (p *pacer) close() { _ = p.file.Close() }

// sleep waits for d and reports whether ctx was alive after it.
func (p *pacer) sleep(ctx context.Context, d time.Duration) bool {
	const coarse = 5 * time.Millisecond // beyond, a timer that ctx can end is good enough
	if d > 2*coarse {
		return pause(ctx, d-coarse)
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(int64(d), 1))}
	if unix.TimerfdSettime(p.fd, 0, &spec, nil) != nil {
		return pause(ctx, d)
	}
	var expirations [8]byte
	if _, err := p.file.Read(expirations[:]); err != nil {
		return pause(ctx, d)
	}
	return ctx.Err() == nil
}
