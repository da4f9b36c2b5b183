//go:build linux

package chaos_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"penstock/protocol"
)

// Frames by hand: what a library for WebSockets would not send, and at no cost.

const (
	opText, opBinary, opClose, opPing = 1, 2, 8, 9

	attackerFrom = "127.0.0.100" // the caller that attacks
)

// frame returns a whole masked frame.
func frame(opcode byte, payload []byte) []byte {
	f := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		f = append(f, 0x80|byte(n))
	case n < 1<<16:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	f = append(f, mask[:]...)
	start := len(f)
	f = append(f, payload...)
	protocol.Unmask(f[start:], binary.LittleEndian.Uint32(mask[:])) // the same either way
	return f
}

func text(message string) []byte { return frame(opText, []byte(message)) }

// raw is one connection of an attacker.
type raw struct {
	net.Conn
	in *bufio.Reader
}

// open connects from an address of this machine. Its kernel keeps little of what
// it does not read.
func (v *victim) open(from string) (*raw, error) {
	r, err := v.openWith(from, nil)
	if err != nil {
		return nil, err
	}
	_ = r.Conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	return r, nil
}

// openTight is open with a kernel that keeps hardly anything: what a stream of
// small frames fills in a moment, and else in minutes.
func (v *victim) openTight(from string) (*raw, error) {
	return v.openWith(from, func(_, _ string, socket syscall.RawConn) (err error) {
		controlled := socket.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		})
		return errors.Join(controlled, err)
	})
}

func (v *victim) openWith(from string, control func(network, address string, socket syscall.RawConn) error) (*raw, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience, Control: control}
	conn, err := dialer.DialContext(context.Background(), "tcp", v.address)
	if err != nil {
		return nil, err
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	return &raw{conn, bufio.NewReaderSize(conn, 4096)}, nil
}

// webSocket opens one.
func (v *victim) webSocket(from, path string) (*raw, error) {
	r, err := v.open(from)
	if err != nil {
		return nil, err
	}
	if err := v.shakeHands(r, path, patience); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// shakeHands makes a connection a WebSocket.
func (v *victim) shakeHands(r *raw, path string, within time.Duration) error {
	_ = r.SetDeadline(time.Now().Add(within))
	_, err := fmt.Fprintf(r, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, v.address)
	if err != nil {
		return err
	}
	return r.readHead(" 101 ")
}

// readHead reads a response's head and checks its first line. The caller has set
// a deadline.
func (r *raw) readHead(status string) error {
	first, err := r.in.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.Contains(first, status) {
		return fmt.Errorf("response %q; want%s", strings.TrimSpace(first), status)
	}
	for line := first; strings.TrimSpace(line) != ""; {
		if line, err = r.in.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}

// send writes, with an end.
func (r *raw) send(b []byte) error {
	_ = r.SetWriteDeadline(time.Now().Add(patience))
	_, err := r.Write(b)
	return err
}

// head reads a frame's head.
func (r *raw) head() (opcode byte, length int, err error) {
	var h [8]byte
	if _, err = io.ReadFull(r.in, h[:2]); err != nil {
		return 0, 0, err
	}
	opcode, length = h[0]&15, int(h[1]&127)
	switch length {
	case 126:
		_, err = io.ReadFull(r.in, h[:2])
		length = int(binary.BigEndian.Uint16(h[:2]))
	case 127:
		_, err = io.ReadFull(r.in, h[:8])
		length = int(binary.BigEndian.Uint64(h[:8]))
	}
	return opcode, length, err
}

// closed is the error of a socket that got a close frame.
type closed struct {
	code   uint16
	reason string
}

func (c *closed) Error() string { return fmt.Sprintf("closed with %d %q", c.code, c.reason) }

// read returns the next message's payload; a close frame is an error.
func (r *raw) read(within time.Duration) ([]byte, error) {
	_ = r.SetReadDeadline(time.Now().Add(within))
	opcode, length, err := r.head()
	if err != nil {
		return nil, err
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(r.in, payload); err != nil {
		return nil, err
	}
	switch {
	case opcode == opPing: // the victim may look whether somebody is there
		if err := r.send(frame(10, payload)); err != nil {
			return nil, err
		}
		return r.read(within)
	case opcode == opClose && length >= 2:
		return nil, &closed{binary.BigEndian.Uint16(payload), string(payload[2:])}
	}
	return payload, nil
}

// drain reads until the end and returns why it came, and how many bytes did.
func (r *raw) drain(within time.Duration) (bytes int64, err error) {
	_ = r.SetReadDeadline(time.Now().Add(within))
	for {
		opcode, length, err := r.head()
		if err != nil {
			return bytes, err
		}
		if opcode == opClose && length >= 2 {
			payload := make([]byte, length)
			_, _ = io.ReadFull(r.in, payload)
			return bytes, &closed{binary.BigEndian.Uint16(payload), string(payload[2:])}
		}
		n, err := r.in.Discard(length)
		bytes += int64(n)
		if err != nil {
			return bytes, err
		}
	}
}

// crowd are connections of attackers, closed at the end of the test at last.
type crowd struct {
	t    *testing.T
	all  []*raw
	fail atomic.Int64
}

// gather opens n connections, several at a time.
func gather(t *testing.T, n int, open func() (*raw, error)) *crowd {
	t.Helper()
	c := &crowd{t: t, all: make([]*raw, n)}
	var first atomic.Pointer[error]
	parallel(n, 16, func(i int) {
		r, err := open()
		if err != nil {
			c.fail.Add(1)
			first.CompareAndSwap(nil, &err)
		}
		c.all[i] = r
	})
	if err := first.Load(); err != nil {
		t.Logf("%d of %d attackers did not get in: %v", c.fail.Load(), n, *err)
	}
	c.all = slices.DeleteFunc(c.all, func(r *raw) bool { return r == nil })
	t.Cleanup(c.leave)
	return c
}

func (c *crowd) leave() {
	for _, r := range c.all {
		_ = r.Close()
	}
}

// each does something with all of them, several at a time, and returns how
// often it failed.
func (c *crowd) each(do func(r *raw) error) (failed int) {
	var n atomic.Int64
	parallel(len(c.all), 64, func(i int) {
		if do(c.all[i]) != nil {
			n.Add(1)
		}
	})
	return int(n.Load())
}

// together does something with all of them at the same time.
func (c *crowd) together(do func(r *raw) error) []error {
	errs := make([]error, len(c.all))
	parallel(len(c.all), len(c.all), func(i int) { errs[i] = do(c.all[i]) })
	return errs
}

// parallel calls do for 0 to n-1, so many at a time.
func parallel(n, atOnce int, do func(i int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(n, atOnce) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	running.Wait()
}

// closedWith counts the sockets that were closed so.
func closedWith(errs []error, code uint16) (n int) {
	for _, err := range errs {
		var c *closed
		if errors.As(err, &c) && c.code == code {
			n++
		}
	}
	return n
}

// pour writes the same again and again, for so long or until it cannot.
func (r *raw) pour(b []byte, d time.Duration) error {
	_ = r.SetWriteDeadline(time.Now().Add(d))
	for {
		if _, err := r.Write(b); err != nil {
			return err
		}
	}
}

// sip reads so many bytes a second and no more, for so long. That there are none
// is no error.
func (r *raw) sip(perSecond int, d time.Duration) error {
	buffer := make([]byte, perSecond/10)
	end := time.Now().Add(d)
	_ = r.SetReadDeadline(end)
	for ; time.Now().Before(end); pause(100 * time.Millisecond) {
		if _, err := io.ReadFull(r.in, buffer); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return nil
}
