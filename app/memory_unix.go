//go:build unix

package app

import (
	"math"

	"golang.org/x/sys/unix"
)

// addressSpace returns how much the process may reserve.
func addressSpace() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &limit); err != nil {
		return math.MaxUint64
	}
	return uint64(limit.Cur) //nolint:unconvert // it is signed on some systems
}
