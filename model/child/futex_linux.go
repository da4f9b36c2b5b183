package child

import (
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Operations of futex(2) that work between processes.
const (
	futexWait = 0
	futexWake = 1
)

// sleep waits until word is woken while it has the value, at most so long.
func sleep(word *atomic.Uint32, value uint32, most time.Duration) {
	timeout := unix.NsecToTimespec(int64(most))
	_, _, _ = syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(value), uintptr(unsafe.Pointer(&timeout)), 0, 0)
}

// wake wakes all who sleep on word.
func wake(word *atomic.Uint32) {
	_, _, _ = syscall.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, 1<<30, 0, 0, 0)
}
