//go:build unix

package server

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// socketWriter writes to a TCP socket through its descriptor.
type socketWriter struct {
	socket syscall.RawConn
	try    func(fd uintptr) bool // made once: a closure a write would be garbage

	// What try is to write, and its result.
	b   []byte
	n   int
	err error
}

func newRawWriter(conn net.Conn) rawWriter {
	tcp, ok := conn.(*net.TCPConn) // not TLS, whose bytes are not the socket's
	if !ok {
		return nil
	}
	socket, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	w := &socketWriter{socket: socket}
	w.try = w.tryWrite
	return w
}

func (w *socketWriter) write(b []byte) (int, error) {
	w.b = b
	err := w.socket.Write(w.try)
	w.b = nil
	if err != nil {
		return 0, err
	}
	return w.n, w.err
}

// tryWrite reports true always: it tries once.
func (w *socketWriter) tryWrite(fd uintptr) bool {
	n, err := ignoringInterrupts(func() (int, error) { return syscall.Write(int(fd), w.b) })
	if errors.Is(err, syscall.EAGAIN) {
		err = nil
	}
	w.n, w.err = max(n, 0), os.NewSyscallError("write", err)
	return true
}
