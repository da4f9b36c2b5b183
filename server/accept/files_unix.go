//go:build unix

package accept

import (
	"math"
	"syscall"
)

// openFiles returns how many descriptors the process may have.
func openFiles() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || uint64(limit.Cur) > math.MaxInt32 { //nolint:unconvert // signed on some systems
		return math.MaxInt32
	}
	return int(limit.Cur)
}
