package app

import (
	"os"
	"runtime"
	"sync/atomic"

	"penstock/monitor"
)

// processors is how many the process may use: those of the machine that its
// affinity and its control group allow it, or GOMAXPROCS.
var processors = runtime.GOMAXPROCS(0)

// threads is how many goroutines the Go runtime runs at the same time: as many as
// there are processors, but more in a rush (see server.Options). When each of its
// threads has work that takes milliseconds, the runtime looks for what came over
// sockets every 10 ms only, and whoever it finds waits behind them; with one to
// spare that one waits for sockets, and the kernel lets it run at once. It is no
// help at other times: work that takes microseconds then moves between threads
// for nothing.
type threads struct {
	workers int // of all models together
	rush    atomic.Bool
}

// allow is told of the beginning and the end of a rush. Who has set GOMAXPROCS in
// the environment is obeyed, and so is a control group's quota that allows fewer
// threads than there are processors: more would only use it up sooner, and then all
// of them stand still. Where workers leave processors free no more are needed.
func (t *threads) allow(busy int) {
	if os.Getenv("GOMAXPROCS") != "" || processors < runtime.NumCPU() {
		return
	}
	// The garbage collector takes a quarter of the threads while it runs, which is
	// to be less than all processors.
	more := min(t.workers+busy+1, 3*processors)
	switch {
	case busy > 0 && more > runtime.GOMAXPROCS(0):
		t.rush.Store(true)
		runtime.GOMAXPROCS(more)
	case busy == 0 && t.rush.Load():
		runtime.SetDefaultGOMAXPROCS()
		t.rush.Store(false)
	}
}

// machine is the process's machine, without the threads of a rush.
type machine struct {
	monitor.Machine
	threads *threads
}

// Usage implements monitor.Machine.
func (m machine) Usage() (monitor.Usage, error) {
	usage, err := m.Machine.Usage()
	if m.threads.rush.Load() {
		usage.CPUs = processors
	}
	return usage, err
}
