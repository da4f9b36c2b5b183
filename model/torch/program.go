//go:build torch && linux && cgo

package torch

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// program is a module's file, in memory, where nobody can change it after its
// hash was compared. gotch loads from a path, and by its other way in, from
// bytes, never frees its copy of them.
type program struct{ file *os.File }

func newProgram(data []byte) (program, error) {
	const doing = "keeping the module's file"
	fd, err := unix.MemfdCreate("penstock-module", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return program{}, &Error{Doing: doing, Problem: err.Error()}
	}
	p := program{os.NewFile(uintptr(fd), "penstock-module")}
	if _, err = p.file.Write(data); err == nil {
		_, err = unix.FcntlInt(p.file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW)
	}
	if err != nil {
		p.file.Close()
		return program{}, &Error{Doing: doing, Problem: err.Error()}
	}
	return p, nil
}

// path is where libtorch finds the file.
func (p program) path() string { return fmt.Sprintf("/proc/self/fd/%d", p.file.Fd()) }
