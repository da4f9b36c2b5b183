package monitor

import (
	"fmt"
	"os"
	"runtime"

	"github.com/shirou/gopsutil/v4/process"
)

// Machine tells what the process takes of the machine.
type Machine interface {
	Usage() (Usage, error)
}

// Usage is one reading of a Machine.
type Usage struct {
	CPUSeconds    float64 // processor time used since the process started
	CPUs          int     // processors that it may use
	ResidentBytes uint64
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
	return Usage{
		CPUSeconds:    times.User + times.System,
		CPUs:          runtime.GOMAXPROCS(0),
		ResidentBytes: memory.RSS,
	}, nil
}
