package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/process"
)

// byteSize is a flag's number of bytes: 1073741824, 512MiB, 2GiB.
type byteSize int64

var byteUnits = []struct {
	suffix string
	bytes  float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"", 1}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *byteSize) UnmarshalText(text []byte) error {
	for _, unit := range byteUnits {
		number, ok := strings.CutSuffix(string(text), unit.suffix)
		if !ok {
			continue
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if bytes := f * unit.bytes; err == nil && bytes >= 1 && bytes <= math.MaxInt64/2 {
			*b = byteSize(bytes)
			return nil
		}
		break
	}
	return fmt.Errorf("%q: expected a number of bytes, such as 1073741824, 512MiB or 2GiB", text)
}

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
func planMemory(flag byteSize) (memoryPlan, error) {
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
func findLimit(flag byteSize, used *process.MemoryInfoStat, foreign int64) (memoryPlan, error) {
	if flag > 0 {
		return memoryPlan{limit: int64(flag), from: "--memory-limit"}, nil
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
