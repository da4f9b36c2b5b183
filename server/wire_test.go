package server_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// wire is a peer that writes its frames byte by byte, and may do so wrongly.
type wire struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

// open dials without a handshake.
func (r *rig) open() *wire {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := r.dial(ctx)
	r.must(err)
	if _, isTCP := conn.(*net.TCPConn); isTCP {
		_ = conn.SetDeadline(time.Now().Add(3 * patience))
	}
	w := &wire{conn, r.t, bufio.NewReader(conn)}
	r.t.Cleanup(func() { _ = conn.Close() })
	return w
}

const upgrade = "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// upgraded opens a socket.
func (r *rig) upgraded(path string) *wire {
	r.t.Helper()
	w := r.open()
	if response, _ := w.handshake(fmt.Sprintf(upgrade, path)); response.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("%s: %s", path, response.Status)
	}
	return w
}

// handshake sends a request and returns the response with its body.
func (w *wire) handshake(request string) (*http.Response, string) {
	w.t.Helper()
	sent := make(chan struct{})
	go func() { // the server may answer before it has read all
		defer close(sent)
		_, _ = io.WriteString(w.Conn, request)
	}()
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body strings.Builder
	if response.StatusCode != http.StatusSwitchingProtocols {
		_, _ = io.Copy(&body, response.Body)
		_ = w.Conn.Close()
	}
	<-sent
	return response, body.String()
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
	f := frame(first, payload)
	body := f[len(f)-len(payload):]
	mask := []byte{0x37, 0xfa, 0x21, 0x3d}
	copy(f[len(f)-len(payload)-4:], mask)
	for i := range body {
		body[i] ^= mask[i&3]
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

// reset ends the connection without a word to the peer's reader but an error.
func (w *wire) reset() {
	if tcp, ok := w.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = w.Conn.Close()
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

// expect reads one text frame, which must match.
func (w *wire) expect(want string) {
	w.t.Helper()
	op, payload, err := w.next()
	if err != nil || op != text || !matches(string(payload), want) {
		w.t.Fatalf("received opcode %x, %s, %v; want %s", op, payload, err, want)
	}
}

// end reads until the connection ends, and returns the close code that came, 0
// for none, with the texts before it.
func (w *wire) end() (code int, reason string, texts []string) {
	for {
		op, payload, err := w.next()
		switch {
		case err != nil:
			return code, reason, texts
		case op == closing && len(payload) >= 2:
			code, reason = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
		case op == text:
			texts = append(texts, string(payload))
		}
	}
}
