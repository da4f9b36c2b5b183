package socket_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// wire is a peer that writes its frames byte by byte, and may do so wrongly.
type wire struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

const upgrade = "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// upgraded opens a socket.
func (r *rig) upgraded(path string) *wire {
	r.t.Helper()
	w, response := r.knock(path)
	if response.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("%s: %s", path, response.Status)
	}
	return w
}

// knock asks for a socket.
func (r *rig) knock(path string) (*wire, *http.Response) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := r.dial(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, isTCP := conn.(*net.TCPConn); isTCP {
		_ = conn.SetDeadline(time.Now().Add(3 * patience))
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	w := &wire{conn, r.t, bufio.NewReader(conn)}
	w.mustWrite([]byte(fmt.Sprintf(upgrade, path)))
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return w, response
}

// Opcodes and flags of RFC 6455, section 5.2.
const (
	fin                                    = 0x80
	more, text, closing, pinging, answered = 0x0, 0x1, 0x8, 0x9, 0xa
)

// header is that of a masked frame; its mask is zero, so the payload stands as
// it is.
func header(first byte, length uint64) []byte {
	h := []byte{first}
	switch {
	case length < 126:
		h = append(h, 0x80|byte(length))
	case length <= 0xffff:
		h = binary.BigEndian.AppendUint16(append(h, 0x80|126), uint16(length))
	default:
		h = binary.BigEndian.AppendUint64(append(h, 0x80|127), length)
	}
	return append(h, 0, 0, 0, 0)
}

func frame(first byte, payload string) []byte {
	return append(header(first, uint64(len(payload))), payload...)
}

// masked is a frame with a mask that is not zero.
func masked(first byte, payload string) []byte {
	return maskedFrame(first, []byte(payload), 0x37fa213d)
}

// maskedFrame is a frame as RFC 6455, section 5.3, has it.
func maskedFrame(first byte, payload []byte, mask uint32) []byte {
	f := header(first, uint64(len(payload)))
	key := f[len(f)-4:]
	binary.BigEndian.PutUint32(key, mask)
	for i, b := range payload {
		f = append(f, b^key[i%4])
	}
	return f
}

func (w *wire) mustWrite(b ...[]byte) {
	w.t.Helper()
	for _, b := range b {
		if _, err := w.Write(b); err != nil {
			w.t.Fatal(err)
		}
	}
}

// next reads one frame of the server.
func (w *wire) next() (op byte, payload []byte, err error) {
	var h [2]byte
	if _, err := io.ReadFull(w.in, h[:]); err != nil {
		return 0, nil, err
	}
	length := uint64(h[1])
	if length >= 126 {
		long := make([]byte, map[uint64]int{126: 2, 127: 8}[length])
		if _, err := io.ReadFull(w.in, long); err != nil {
			return 0, nil, err
		}
		length = 0
		for _, b := range long {
			length = length<<8 | uint64(b)
		}
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(w.in, payload)
	return h[0] & 0xf, payload, err
}

// expect reads one text frame.
func (w *wire) expect(want string) {
	w.t.Helper()
	op, payload, err := w.next()
	if err != nil || op != text || string(payload) != want {
		w.t.Fatalf("received opcode %x, %.80q, %v; want %.80q", op, payload, err, want)
	}
}
