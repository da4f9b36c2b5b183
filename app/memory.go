package app

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/process"
)

// memoryPlan says how much memory the process may take, and how much of it
// clients may make it hold.
type memoryPlan struct {
	limit   int64  // of resident memory
	from    string // what set it
	clients int64
	foreign int64 // resident now, but not the Go runtime's: code, and engines outside Go
}

const (
	fromRuntime = "GOMEMLIMIT"
	// usable is the part of what the machine or the container has that is taken
	// without a flag.
	usable = 0.9
	// leastForClients is what a server needs to be of use.
	leastForClients = 16 << 20
)

// planMemory is for a process that has loaded what it serves. Clients get half of
// what is left then: the other half is for what becomes garbage on the way of a
// request, and for the runtime's own.
func planMemory(flag int64) (memoryPlan, error) {
	self, err := process.NewProcess(int32(os.Getpid()))
	if err != nil {
		return memoryPlan{}, fmt.Errorf("memory: finding the own process: %w", err)
	}
	debug.FreeOSMemory() // of what was needed to load
	used, err := self.MemoryInfo()
	if err != nil {
		return memoryPlan{}, fmt.Errorf("memory: reading what is in use: %w", err)
	}
	resident := int64(used.RSS)
	foreign := max(0, resident-goResident())
	plan, err := findLimit(flag, used, foreign)
	if err != nil {
		return memoryPlan{}, err
	}
	plan.clients = (plan.limit - resident) / 2
	if plan.clients < leastForClients {
		return memoryPlan{}, fmt.Errorf("%s allows %d MiB; %d MiB are in use with the models loaded, and %d MiB for clients need twice that: expected at least %d MiB",
			plan.from, plan.limit>>20, resident>>20, leastForClients>>20, (resident+2*leastForClients)>>20+1)
	}
	plan.foreign = foreign
	return plan, nil
}

// findLimit takes the flag, or else GOMEMLIMIT, or else most of the least that
// the machine, the container and the process are allowed.
func findLimit(flag int64, used *process.MemoryInfoStat, foreign int64) (memoryPlan, error) {
	if flag > 0 {
		return memoryPlan{limit: flag, from: "--memory-limit"}, nil
	}
	if set := debug.SetMemoryLimit(-1); set != math.MaxInt64 {
		return memoryPlan{limit: set + foreign, from: fromRuntime}, nil // it knows nothing of what is not Go's
	}
	machine, err := mem.VirtualMemory()
	if err != nil {
		return memoryPlan{}, fmt.Errorf("memory: reading the machine's: %w; set --memory-limit", err)
	}
	plan := memoryPlan{limit: int64(machine.Total), from: "the machine's memory"}
	lower := func(limit uint64, from string) {
		if limit < uint64(plan.limit) {
			plan.limit, plan.from = int64(limit), from
		}
	}
	switch limit, err := memlimit.FromCgroup(); {
	case err == nil:
		lower(limit, "the control group's memory")
	case errors.Is(err, memlimit.ErrNoLimit), errors.Is(err, memlimit.ErrNoCgroup), errors.Is(err, memlimit.ErrCgroupsNotSupported):
	default:
		return memoryPlan{}, fmt.Errorf("memory: reading the control group's: %w; set --memory-limit", err)
	}
	if space := addressSpace(); space < math.MaxInt64 {
		// The runtime reserves address space that it does not use.
		lower(space-min(space, used.VMS-used.RSS), "the limit of address space (ulimit -v)")
	}
	plan.limit = int64(float64(plan.limit) * usable)
	return plan, nil
}

// goResident is what the Go runtime has of the resident memory.
func goResident() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// apply has the garbage collector keep to the plan, or rather to nine tenths of
// it: it frees memory after the fact. It is for the process as a whole.
func (p memoryPlan) apply() {
	if p.from != fromRuntime {
		debug.SetMemoryLimit(max((p.limit-p.foreign)/10*9, 1))
	}
}

// MemoryFound says what --memory-limit would be without the flag: a number of
// bytes, and what set it.
func MemoryFound() (bytes int64, from string, err error) {
	plan, err := planMemory(0)
	return plan.limit, plan.from, err
}
