package protocol_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is how long the calling thread has run: on a machine with others at
// work it tells more than the clock.
func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
