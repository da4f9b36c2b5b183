package monitor

import (
	"fmt"
	"os"
	"runtime"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/process"
)

// Machine tells how busy the machine is, and what the process takes of it.
type Machine interface {
	Usage() (Usage, error)
}

// Usage is one reading of a Machine.
type Usage struct {
	CPUSeconds    float64 // processor time used since the process started
	CPUs          int     // processors that it may use
	ResidentBytes uint64

	// MachineSeconds are those of all the machine's processors since it started,
	// and MachineBusySeconds those in which they ran something, of whatever
	// process. Both stand still where the system does not tell.
	MachineSeconds, MachineBusySeconds float64
}

// ThisProcess reads the running process, on Linux, macOS, Windows and the BSDs
// without cgo. It includes the threads of engines outside Go. Processor time
// has the resolution of the system's clock tick: 10 ms on Linux.
//
// CPUs is GOMAXPROCS, which since Go 1.25 follows the processors allowed to the
// process and a container's quota: in a container limited to two of sixteen
// processors, two busy ones are 100 %.
func ThisProcess() (Machine, error) {
	self, err := process.NewProcess(int32(os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("monitor: finding the own process: %w", err)
	}
	machine := thisProcess{self}
	if _, err := machine.Usage(); err != nil {
		return nil, err
	}
	return machine, nil
}

type thisProcess struct{ self *process.Process }

func (p thisProcess) Usage() (Usage, error) {
	times, err := p.self.Times()
	if err != nil {
		return Usage{}, fmt.Errorf("monitor: reading processor time: %w", err)
	}
	memory, err := p.self.MemoryInfo()
	if err != nil {
		return Usage{}, fmt.Errorf("monitor: reading resident memory: %w", err)
	}
	all, busy, err := processorTime()
	if err != nil {
		return Usage{}, err
	}
	return Usage{
		MachineSeconds:     all,
		MachineBusySeconds: busy,

		CPUSeconds:    times.User + times.System,
		CPUs:          runtime.GOMAXPROCS(0),
		ResidentBytes: memory.RSS,
	}, nil
}

// processorTime sums over the machine's processors. Guests' time is in that of
// users already, and waiting for a disk is idle.
func processorTime() (all, busy float64, err error) {
	times, err := cpu.Times(false)
	if err != nil {
		return 0, 0, fmt.Errorf("monitor: reading the machine's processor time: %w", err)
	}
	for _, t := range times {
		busy += t.User + t.Nice + t.System + t.Irq + t.Softirq + t.Steal
		all += t.Idle + t.Iowait
	}
	return all + busy, busy, nil
}
