//go:build linux

package catalogue_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"penstock/app"
	"penstock/protocol"
)

// scene is where one entry is tried.
type scene struct {
	*testing.T
	*house
	from string // the address that it comes from
	name string // of a user of its own
}

// elsewhere is a house of the entry's own, with a healthy client of its own, which must
// be well at the end.
func (s *scene) elsewhere(change func(*app.Options)) *scene {
	s.Helper()
	h := open(s.T, change)
	before := h.holdings()
	well := h.attend(s.T, 1)
	s.Cleanup(func() {
		well.mustBeWell(s.T)
		// Others run beside this house: what the process holds says nothing of it.
		before.goroutines, before.files = 1<<30, 1<<30
		h.mustRest(s.T, before)
		h.stop(s.T)
	})
	return &scene{T: s.T, house: h, from: s.from, name: s.name}
}

// mine is a token of the entry's own user.
func (s *scene) mine(scopes ...string) string {
	return s.token(s.T, s.name, time.Hour, scopes...)
}

// peer is one connection, whose bytes are written one by one, and may be wrong.
type peer struct {
	net.Conn
	s  *scene
	in *bufio.Reader
}

// dial connects.
func (s *scene) dial() *peer {
	s.Helper()
	p, err := s.tryDial(nil)
	must(s.T, err)
	return p
}

// dialTight connects with a kernel that keeps hardly anything of what is not read.
func (s *scene) dialTight() *peer {
	s.Helper()
	p, err := s.tryDial(func(_, _ string, socket syscall.RawConn) (err error) {
		return errors.Join(socket.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		}), err)
	})
	must(s.T, err)
	return p
}

func (s *scene) tryDial(control func(network, address string, socket syscall.RawConn) error) (*peer, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(s.from)}, Timeout: patience, Control: control}
	conn, err := d.DialContext(context.Background(), "tcp", s.Addr().String())
	if err != nil {
		return nil, err
	}
	_ = conn.(*net.TCPConn).SetLinger(0) // nothing is to be left in TIME_WAIT
	_ = conn.SetDeadline(time.Now().Add(patience))
	s.Cleanup(func() { _ = conn.Close() })
	return &peer{conn, s, bufio.NewReader(conn)}, nil
}

// hello is the head of a handshake, without its end.
func (s *scene) hello(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: " + s.Addr().String() + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
}

// shake sends a request as it is and returns what is answered.
func (p *peer) shake(request string) (*http.Response, string, error) {
	sent := make(chan struct{})
	go func() { // the answer may come before all was read
		defer close(sent)
		_, _ = io.WriteString(p.Conn, request)
	}()
	response, err := http.ReadResponse(p.in, nil)
	if err != nil {
		_ = p.Conn.Close()
		<-sent
		return nil, "", err
	}
	var body strings.Builder
	if response.StatusCode != http.StatusSwitchingProtocols {
		_, _ = io.Copy(&body, response.Body)
		_ = p.Conn.Close()
	}
	_ = response.Body.Close()
	<-sent
	return response, body.String(), nil
}

// refused sends a request that must be answered with a problem.
func (s *scene) refused(request string, status int, code string) http.Header {
	s.Helper()
	response, body, err := s.dial().shake(request)
	if err != nil {
		s.Errorf("%.60q: %v", request, err)
		return nil
	}
	if response.StatusCode != status || response.Header.Get("Content-Type") != protocol.ProblemType || !strings.Contains(body, `"`+code+`"`) {
		s.Errorf("%.60q: %d %s; want %d %s as a problem", request, response.StatusCode, body, status, code)
	}
	return response.Header
}

// socket opens a WebSocket, with headers as name, value, name, value.
func (s *scene) socket(path string, header ...string) *peer {
	s.Helper()
	return s.dial().upgrade(path, header...)
}

func (p *peer) upgrade(path string, header ...string) *peer {
	p.s.Helper()
	must(p.s.T, p.tryUpgrade(path, header...))
	return p
}

func (p *peer) tryUpgrade(path string, header ...string) error {
	request := p.s.hello(path)
	for i := 0; i < len(header); i += 2 {
		request += header[i] + ": " + header[i+1] + "\r\n"
	}
	response, body, err := p.shake(request + "\r\n")
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("%s: %s %s", path, response.Status, body)
	}
	return err
}

// member opens a WebSocket as the entry's own user.
func (s *scene) member(path string) *peer {
	s.Helper()
	return s.socket(path, "Authorization", "Bearer "+s.mine())
}

// Opcodes and flags of RFC 6455, section 5.2.
const (
	fin                                    = 0x80
	more, text, closing, pinging, answered = 0x0, 0x1, 0x8, 0x9, 0xa
)

// head is that of a masked frame. Its mask is zero: the payload stands as it is.
func head(first byte, length uint64) []byte {
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
	return append(head(first, uint64(len(payload))), payload...)
}

// put writes bytes. The other end may have hung up: what it said is still to be read.
func (p *peer) put(b ...[]byte) error {
	for _, b := range b {
		if _, err := p.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// say writes a text message.
func (p *peer) say(message string) { _ = p.put(frame(fin|text, message)) }

// next reads one frame, and answers pings.
func (p *peer) next() (op byte, payload []byte, err error) {
	var h [2]byte
	if _, err := io.ReadFull(p.in, h[:]); err != nil {
		return 0, nil, err
	}
	length := uint64(h[1])
	if length >= 126 {
		long := make([]byte, map[uint64]int{126: 2, 127: 8}[length])
		if _, err := io.ReadFull(p.in, long); err != nil {
			return 0, nil, err
		}
		length = 0
		for _, b := range long {
			length = length<<8 | uint64(b)
		}
	}
	payload = make([]byte, length)
	if _, err = io.ReadFull(p.in, payload); err == nil && h[0]&0xf == pinging {
		_ = p.put(frame(fin|answered, string(payload)))
		return p.next()
	}
	return h[0] & 0xf, payload, err
}

// closed is how the other end said goodbye; code 0: not at all.
type closed struct {
	code   int
	reason string
}

func (c *closed) Error() string { return fmt.Sprintf("closed with %d %q", c.code, c.reason) }

// hear reads the next message. A close frame is an error.
func (p *peer) hear() (string, error) {
	for {
		op, payload, err := p.next()
		switch {
		case err != nil:
			return "", err
		case op == closing && len(payload) >= 2:
			return "", &closed{int(binary.BigEndian.Uint16(payload)), string(payload[2:])}
		case op == closing:
			return "", &closed{1005, ""}
		case op != answered:
			return string(payload), nil
		}
	}
}

// expect hears one message, which must match: … stands for anything.
func (p *peer) expect(want string) {
	p.s.Helper()
	got, err := p.hear()
	if err != nil || !matches(got, want) {
		p.s.Errorf("heard %.300s, %v; want %s", got, err, want)
	}
}

func (p *peer) ask(message, want string) {
	p.s.Helper()
	p.say(message)
	got, err := p.hear()
	if err != nil || !matches(got, want) {
		p.s.Errorf("%.60q was answered with %.300s, %v; want %s", message, got, err, want)
	}
}

func matches(got, want string) bool {
	return regexp.MustCompile("^(?s:" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*") + ")$").MatchString(got)
}

// typed is an error's pattern.
func typed(id, code string) string {
	return `{"type":"error","request_id":` + id + `,"code":"` + code + `",…}`
}

const (
	good     = `{"features":[1,2,3],"request_id":1}`
	goodSeen = `{"type":"prediction","request_id":1,…}`
)

// mustServe checks that the connection is none the worse.
func (p *peer) mustServe() {
	p.s.Helper()
	p.ask(good, goodSeen)
}

// end hears all that comes until the connection is over, and how.
func (p *peer) end() (last closed, messages []string) {
	for {
		m, err := p.hear()
		var c *closed
		switch {
		case errors.As(err, &c):
			last = *c
			_ = p.put(frame(fin|closing, "\x03\xe8"))
		case err != nil:
			return last, messages
		default:
			messages = append(messages, m)
		}
	}
}

// mustEnd checks how a connection ends; code 0: without a word.
func (p *peer) mustEnd(code int, reason string) {
	p.s.Helper()
	began := time.Now()
	got, _ := p.end()
	if got.code != code || !matches(got.reason, reason) {
		p.s.Errorf("%v; want %d %s", &got, code, reason)
	}
	if took := time.Since(began); took >= patience {
		p.s.Errorf("it took %v", took)
	}
}

// mustEndWithin checks that a connection is over after a while, however.
func (p *peer) mustEndWithin(d time.Duration) {
	p.s.Helper()
	began := time.Now()
	_ = p.SetReadDeadline(began.Add(d))
	for {
		if _, err := p.hear(); err != nil {
			var late net.Error
			var c *closed
			if errors.As(err, &c) {
				continue // until the connection itself is over
			}
			if errors.As(err, &late) && late.Timeout() {
				p.s.Errorf("still open after %v", d)
			}
			p.s.Logf("over after %v", time.Since(began).Round(time.Millisecond))
			return
		}
	}
}
