package socket_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
	"unicode/utf8"
)

// fuzzLimit is the largest message that the fuzz target's endpoint takes.
const fuzzLimit = 600

// how a stream of frames ends.
type ending int

const (
	between  ending = iota // all came whole
	within                 // in the midst of a frame or a message
	broken                 // by what the standard forbids, or a limit
	goodbye                // by a close frame
	unlikely               // in a way that servers take differently
)

// FuzzFrames compares what the echo makes of bytes after a handshake with what a plain
// reading of RFC 6455 says: the same messages come back, and a connection goes on
// exactly where it may.
func FuzzFrames(f *testing.F) {
	r := start(f, setup{inMemory: true, maxBytes: fuzzLimit})
	for _, frames := range [][][]byte{
		{maskedFrame(fin|text, []byte("hello"), 7)}, {maskedFrame(text, []byte("he"), 7), maskedFrame(fin|pinging, nil, 1), maskedFrame(fin|more, []byte("llo"), 9)},
		{maskedFrame(fin|2, bytes.Repeat([]byte{0xff}, 300), 1)}, {maskedFrame(fin|text, []byte("\xff"), 0)}, {maskedFrame(fin|text, bytes.Repeat([]byte("x"), fuzzLimit), 3)},
		{maskedFrame(fin|text, bytes.Repeat([]byte("x"), fuzzLimit+1), 3)}, {{0x81, 5, 'h', 'e', 'l', 'l', 'o'}}, {{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
		{{0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}}, {maskedFrame(fin|0x40|text, []byte("x"), 0)}, {maskedFrame(fin|0xb, nil, 0)}, {maskedFrame(pinging, nil, 0)},
		{maskedFrame(fin|closing, []byte{3, 232}, 5)}, {maskedFrame(fin|closing, []byte{3}, 5)}, {maskedFrame(fin|more, nil, 0)}, {maskedFrame(text, nil, 0), maskedFrame(text, nil, 0)},
		{maskedFrame(fin|text, bytes.Repeat([]byte("x"), fuzzLimit+1), 3)[:400]},
		{maskedFrame(fin|text, nil, 0), maskedFrame(fin|answered, []byte("x"), 0), maskedFrame(fin|2, []byte{1}, 2), {0x81}}, {{0x81, 0xfe, 0, 1, 0, 0, 0, 0, 'x'}},
	} {
		f.Add(bytes.Join(frames, nil))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		if len(sent) > 4<<10 {
			t.Skip("more frames find no more")
		}
		want, end := plainReading(sent)
		if end == unlikely {
			want = nil
		}
		compareWithEcho(t, r, sent, want, end)
	})
}

// plainReading says what messages are in a stream of a client's frames, and how it ends.
func plainReading(b []byte) (messages []answer, end ending) {
	var open *answer
	for pings := 0; len(b) > 0; {
		first := b[0]
		op := first & 0xf
		control := op >= 8
		switch {
		case first&0x70 != 0, op > 2 && op < 8, op > 10, control && first&fin == 0, op == more && open == nil, (op == 1 || op == 2) && open != nil:
			if len(b) < 14 { // it may be waited for the head
				return messages, unlikely
			}
			return messages, broken
		}
		payload, rest, state := plainFrame(b)
		switch {
		case state != between:
			return messages, state
		case control && len(payload) > 125, !control && len(payload) > fuzzLimit:
			return messages, broken
		}
		b = rest
		switch {
		case op == closing:
			return messages, goodbye
		case control:
			if pings++; pings > 50 {
				return messages, unlikely // a flood
			}
			continue
		case op != more:
			open = &answer{op: op}
		}
		if open.payload = append(open.payload, payload...); len(open.payload) > fuzzLimit {
			return messages, broken
		}
		if first&fin != 0 {
			if open.op == text && !utf8.Valid(open.payload) {
				return messages, broken
			}
			messages, open = append(messages, *open), nil
		}
	}
	if open != nil {
		return messages, within
	}
	return messages, between
}

// plainFrame cuts the first frame off.
func plainFrame(b []byte) (payload, rest []byte, end ending) {
	if len(b) < 2 {
		return nil, nil, within
	}
	length, head := uint64(b[1]&0x7f), 2
	switch length {
	case 126:
		head = 4
	case 127:
		head = 10
	}
	if len(b) < head {
		return nil, nil, unlikely // it may be refused before its head is whole
	}
	switch head {
	case 4:
		length = uint64(binary.BigEndian.Uint16(b[2:]))
	case 10:
		length = binary.BigEndian.Uint64(b[2:])
	}
	switch {
	case head == 4 && length < 126, head == 10 && length < 1<<16:
		return nil, nil, unlikely // longer than it need be, which some refuse
	case b[1]&0x80 == 0, length > fuzzLimit:
		return nil, nil, brokenOr(len(b) < head+4)
	case uint64(len(b)) < uint64(head)+4+length:
		return nil, nil, within
	}
	mask := b[head : head+4]
	payload = bytes.Clone(b[head+4 : head+4+int(length)])
	for i := range payload {
		payload[i] ^= mask[i&3]
	}
	return payload, b[head+4+int(length):], between
}

// brokenOr is broken, unless that cannot be told yet.
func brokenOr(early bool) ending {
	if early {
		return unlikely
	}
	return broken
}

// compareWithEcho sends bytes after a handshake and checks what comes back.
func compareWithEcho(t *testing.T, r *rig, sent []byte, want []answer, end ending) {
	t.Helper()
	conn, err := r.dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprint(conn, "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	w := &wire{Conn: conn, in: bufio.NewReader(conn), t: t}
	response, err := http.ReadResponse(w.in, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", response, err)
	}
	const (
		probe = "are you there?"
		slow  = 8 * time.Second // less than a message may take: nothing here is to be waited for
	)
	began := time.Now()
	defer func() {
		if took := time.Since(began); took > slow {
			t.Errorf("% x took %v", sent, took)
		}
	}()
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, err := conn.Write(sent)
		if err == nil && end == between {
			_, _ = conn.Write(maskedFrame(fin|text, []byte(probe), 42))
		}
	}()
	defer func() { _ = conn.Close(); <-written }()
	if end == between {
		want = append(want, answer{text, []byte(probe)})
	}
	for i, m := range want {
		op, payload, err := nextMessage(w)
		if err != nil || op != m.op || !bytes.Equal(payload, m.payload) {
			t.Fatalf("% x: message %d is %x %q, %v; want %x %q", sent, i, op, payload, err, m.op, m.payload)
		}
	}
	if end == broken || end == goodbye {
		op, payload, err := nextMessage(w)
		if err == nil && op != closing {
			t.Fatalf("% x: %x %q came after the end", sent, op, payload)
		}
	}
}

// nextMessage is the next frame that answers no ping.
func nextMessage(w *wire) (op byte, payload []byte, err error) {
	for {
		if op, payload, err = w.next(); err != nil || op != answered && op != pinging {
			if err == io.ErrUnexpectedEOF {
				w.t.Error("half a frame came")
			}
			return op, payload, err
		}
	}
}
