//go:build unix

package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// rawSocket returns the socket of a TCP connection; nil for any other, such as
// one with TLS, whose bytes are not the socket's.
func rawSocket(conn net.Conn) syscall.RawConn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	socket, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return socket
}

// socketReader reads a TCP socket through its descriptor, within the runtime's
// poller: deadlines hold as they do for the net.Conn.
type socketReader struct {
	socket syscall.RawConn
	try    func(fd uintptr) bool // made once: a closure a read would be garbage

	// The result of try.
	chunk *[chunkSize]byte
	n     int
	err   error
}

func newRawReader(conn net.Conn) rawReader {
	socket := rawSocket(conn)
	if socket == nil {
		return nil
	}
	r := &socketReader{socket: socket}
	r.try = r.tryRead
	return r
}

func (r *socketReader) read() (*[chunkSize]byte, int, error) {
	if err := r.socket.Read(r.try); err != nil {
		return nil, 0, err
	}
	return r.chunk, r.n, r.err
}

// tryRead reports false when there is nothing to read yet. It holds no chunk
// then.
func (r *socketReader) tryRead(fd uintptr) bool {
	r.chunk, r.n, r.err = chunks.Get().(*[chunkSize]byte), 0, nil
	n, err := ignoringInterrupts(func() (int, error) { return syscall.Read(int(fd), r.chunk[:]) })
	if n > 0 {
		r.n = n
		return true
	}
	chunks.Put(r.chunk)
	r.chunk = nil
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return false
	case err != nil:
		r.err = os.NewSyscallError("read", err)
	default:
		r.err = io.EOF
	}
	return true
}

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
	socket := rawSocket(conn)
	if socket == nil {
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

func ignoringInterrupts(read func() (int, error)) (int, error) {
	for {
		n, err := read()
		if !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}
