package accept

import (
	"errors"

	"golang.org/x/sys/unix"
)

// setSocket sets what connections inherit from the socket that listens. A peer
// whose window stays shut counts as gone for the system after userTimeout; long
// before, a write has failed for want of progress.
func setSocket(fd uintptr) error {
	return errors.Join(
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds())),
		unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer),
	)
}
