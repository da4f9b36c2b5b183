package socket_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// These cases go through RFC 6455 as public conformance suites do: framing,
// control frames, reserved bits and opcodes, fragments, UTF-8, closing, sizes.
// Each is tried where the reader sends back what it gets, and where a worker does.

// conformance is one conversation. Nothing but replies comes back before the
// close frame, and nothing after it.
type conformance struct {
	name    string
	sent    [][]byte
	replies []reply
	code    int // of the server's close frame, noCode for none; 0: the connection lives
}

// noCode is what RFC 6455, section 7.1.5, calls the code of a close frame that
// has none.
const noCode = 1005

// reply is a frame of the server's.
type reply struct {
	op      byte
	payload string
}

const bytesOp = 0x2 // a binary message

func TestConformance(t *testing.T) {
	r := start(t, setup{maxBytes: conformanceLimit})
	for _, path := range []string{"/echo", "/worker"} {
		for _, c := range conversations() {
			t.Run(path[1:]+" "+c.name, func(t *testing.T) {
				r.t = t
				r.converse(path, c)
			})
		}
	}
	r.t = t
}

func (r *rig) converse(path string, c conformance) {
	w := r.upgraded(path)
	defer func() { _ = w.Conn.Close() }()
	_ = w.SetDeadline(time.Now().Add(3 * time.Second))
	written := make(chan struct{})
	defer func() { <-written }()
	go func() {
		defer close(written)
		for _, b := range c.sent {
			if _, err := w.Write(b); err != nil {
				return // the server has hung up, and says why
			}
		}
	}()
	for i, want := range c.replies {
		op, payload, err := w.next()
		if err != nil || op != want.op {
			r.t.Fatalf("reply %d has opcode %x, %.80q, %v; want %x", i, op, payload, err, want.op)
		}
		if string(payload) != want.payload {
			r.t.Fatalf("reply %d is %.80q of %d bytes; want %.80q of %d", i, payload, len(payload), want.payload, len(want.payload))
		}
	}
	want := c.code
	if want == 0 {
		<-written
		w.mustWrite(masked(fin|closing, "\x03\xe8"))
		want = 1000
	}
	op, payload, err := w.next()
	if err != nil || op != closing {
		r.t.Fatalf("after the replies came opcode %x, %.80q, %v; want a close frame", op, payload, err)
	}
	code := noCode
	if len(payload) >= 2 {
		code = int(binary.BigEndian.Uint16(payload))
	}
	if code != want {
		r.t.Errorf("closed with %d %q; want %d", code, payload[min(2, len(payload)):], want)
	}
	_, _ = w.Write(masked(fin|closing, string(payload))) // which the server may not wait for
	if op, payload, err := w.next(); !errors.Is(err, io.EOF) {
		r.t.Errorf("after the close frame came opcode %x, %.80q, %v; want the end", op, payload, err)
	}
}

// conversations are all cases.
func conversations() []conformance {
	var all []conformance
	for _, part := range [][]conformance{framing(), controls(), reserved(), lengths(), fragments(), goodUTF8(), badUTF8(), closes(), sizes()} {
		all = append(all, part...)
	}
	return all
}

func framing() (cases []conformance) {
	for _, n := range []int{0, 1, 125, 126, 127, 128, 65535, 65536} {
		whole := strings.Repeat("*", n)
		for name, op := range map[string]byte{"text": text, "binary": bytesOp} {
			cases = append(cases, conformance{
				name: fmt.Sprintf("framing: %s of %d bytes", name, n), sent: [][]byte{masked(fin|op, whole)}, replies: []reply{{op, whole}},
			})
		}
	}
	for piece, n := range map[int]int{1: 1000, 997: 65536} {
		whole := strings.Repeat("*", n)
		cases = append(cases, conformance{
			name: fmt.Sprintf("framing: text written %d bytes at a time", piece),
			sent: chopped(masked(fin|text, whole), piece), replies: []reply{{text, whole}},
		})
	}
	return cases
}

func controls() (cases []conformance) {
	longest := strings.Repeat("\xfe", 125)
	var burst conformance
	burst.name = "controls: ten pings at once"
	for i := range 10 {
		payload := fmt.Sprintf("payload-%d", i)
		burst.sent = append(burst.sent, masked(fin|pinging, payload))
		burst.replies = append(burst.replies, reply{answered, payload})
	}
	burst.sent = [][]byte{bytes.Join(burst.sent, nil)}
	cases = append(cases, burst)
	for _, payload := range []string{"", "Hello, world!", "\x00\xff\xfe\xfd\xfc\xfb\x00\xff", longest} {
		cases = append(cases,
			conformance{name: fmt.Sprintf("controls: ping of %d bytes", len(payload)), sent: [][]byte{masked(fin|pinging, payload)}, replies: []reply{{answered, payload}}},
			conformance{name: fmt.Sprintf("controls: pong of %d bytes that nobody asked for", len(payload)), sent: [][]byte{masked(fin|answered, payload), masked(fin|pinging, "x")}, replies: []reply{{answered, "x"}}})
	}
	return append(cases,
		conformance{name: "controls: ping a byte at a time", sent: chopped(masked(fin|pinging, longest), 1), replies: []reply{{answered, longest}}},
		conformance{name: "controls: ping of 126 bytes", sent: [][]byte{masked(fin|pinging, longest+"x")}, code: 1002},
		conformance{name: "controls: pong of 126 bytes", sent: [][]byte{masked(fin|answered, longest+"x")}, code: 1002},
		conformance{name: "controls: close of 126 bytes", sent: [][]byte{masked(fin|closing, "\x03\xe8"+longest[1:])}, code: 1002},
		conformance{name: "controls: ping in fragments", sent: [][]byte{masked(pinging, "a"), masked(fin|more, "b")}, code: 1002},
		conformance{name: "controls: pong in fragments", sent: [][]byte{masked(answered, "a"), masked(fin|more, "b")}, code: 1002},
		conformance{name: "controls: close in fragments", sent: [][]byte{masked(closing, "\x03\xe8")}, code: 1002},
	)
}

func reserved() (cases []conformance) {
	for rsv := byte(1); rsv < 8; rsv++ {
		for _, op := range []byte{text, bytesOp, pinging, answered, closing} {
			cases = append(cases, conformance{
				name: fmt.Sprintf("reserved: bits %03b of opcode %x, after a message", rsv, op),
				sent: [][]byte{masked(fin|text, "before"), masked(fin|rsv<<4|op, "")}, replies: []reply{{text, "before"}}, code: 1002,
			})
		}
	}
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		for _, payload := range []string{"", "reserved"} {
			cases = append(cases, conformance{
				name: fmt.Sprintf("reserved: opcode %x with %d bytes, after a message", op, len(payload)),
				sent: [][]byte{masked(fin|text, "before"), masked(fin|op, payload), masked(fin|pinging, "")}, replies: []reply{{text, "before"}}, code: 1002,
			})
		}
	}
	return cases
}

// lengths are headers that say how long a frame is in a way that none may.
func lengths() (cases []conformance) {
	long16 := func(first byte, n int) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(n)), 1, 2, 3, 4)
	}
	long64 := func(first byte, n uint64) []byte {
		return append(binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, n), 1, 2, 3, 4)
	}
	for name, header := range map[string][]byte{
		"5 in 16 bits":                         long16(fin|text, 5),
		"0 in 16 bits":                         long16(fin|text, 0),
		"125 in 16 bits":                       long16(fin|bytesOp, 125),
		"5 in 64 bits":                         long64(fin|text, 5),
		"126 in 64 bits":                       long64(fin|text, 126),
		"65,535 in 64 bits":                    long64(fin|bytesOp, 65535),
		"5 in 16 bits, of a first fragment":    long16(text, 5),
		"5 in 16 bits, of a ping":              long16(fin|pinging, 5),
		"2^63":                                 long64(fin|text, 1<<63),
		"2^64 - 1":                             long64(fin|text, 1<<64-1),
		"2^63 + 5, of a first fragment":        long64(text, 1<<63+5),
		"2^63, of a close":                     long64(fin|closing, 1<<63),
		"5 without a mask":                     {fin | text, 5},
		"0 without a mask":                     {fin | text, 0},
		"126 without a mask":                   {fin | text, 126, 0, 126},
		"65,536 without a mask":                {fin | bytesOp, 127, 0, 0, 0, 0, 0, 1, 0, 0},
		"5 of a first fragment without a mask": {text, 5},
		"ping without a mask":                  {fin | pinging, 0},
		"close without a mask":                 {fin | closing, 2, 3, 0xe8},
	} {
		cases = append(cases,
			conformance{name: "lengths: " + name, sent: [][]byte{append(header, strings.Repeat("x", 126)...)}, code: 1002},
			conformance{
				name: "lengths: " + name + ", after a message",
				sent: [][]byte{append(masked(fin|text, "before"), header...)}, replies: []reply{{text, "before"}}, code: 1002,
			},
		)
	}
	return append(cases, conformance{
		name: "lengths: 5 in 16 bits, of a last fragment", sent: [][]byte{append(masked(text, "a"), long16(fin|more, 5)...)}, code: 1002,
	})
}

func fragments() []conformance {
	a, b := masked(text, "fragment1"), masked(fin|more, "fragment2")
	both := reply{text, "fragment1fragment2"}
	ping, pong := masked(fin|pinging, "ping"), reply{answered, "ping"}
	join := func(frames ...[]byte) []byte { return bytes.Join(frames, nil) }
	return []conformance{
		{name: "fragments: two frames", sent: [][]byte{a, b}, replies: []reply{both}},
		{name: "fragments: two frames at once", sent: [][]byte{join(a, b)}, replies: []reply{both}},
		{name: "fragments: two frames a byte at a time", sent: chopped(join(a, b), 1), replies: []reply{both}},
		{name: "fragments: a ping between", sent: [][]byte{a, ping, b}, replies: []reply{pong, both}},
		{name: "fragments: a ping between, at once", sent: [][]byte{join(a, ping, b)}, replies: []reply{pong, both}},
		{name: "fragments: a ping between, a byte at a time", sent: chopped(join(a, ping, b), 1), replies: []reply{pong, both}},
		{name: "fragments: five with pings between", sent: [][]byte{
			join(masked(text, "1"), masked(more, "2"), ping, masked(more, "3"), masked(more, "4"), ping, masked(fin|more, "5")),
		}, replies: []reply{pong, pong, {text, "12345"}}},
		{name: "fragments: empty ones", sent: [][]byte{masked(text, ""), masked(more, ""), masked(fin|more, "")}, replies: []reply{{text, ""}}},
		{name: "fragments: empty first and last", sent: [][]byte{masked(bytesOp, ""), masked(more, "middle"), masked(fin|more, "")}, replies: []reply{{bytesOp, "middle"}}},
		{name: "fragments: a whole message after", sent: [][]byte{join(a, b, masked(fin|text, "whole"))}, replies: []reply{both, {text, "whole"}}},
		{name: "fragments: last of nothing", sent: [][]byte{masked(fin|more, "nothing"), masked(fin|text, "x")}, code: 1002},
		{name: "fragments: middle of nothing", sent: [][]byte{masked(more, "nothing"), masked(fin|text, "x")}, code: 1002},
		{name: "fragments: last of nothing, at once", sent: [][]byte{join(masked(fin|more, "nothing"), masked(fin|text, "x"))}, code: 1002},
		{name: "fragments: last of nothing after a message in two", sent: [][]byte{join(a, b, masked(more, "nothing"), masked(fin|text, "x"))}, replies: []reply{both}, code: 1002},
		{name: "fragments: a whole message within", sent: [][]byte{a, masked(fin|text, "whole")}, code: 1002},
		{name: "fragments: a whole message within, at once", sent: [][]byte{join(a, masked(fin|text, "whole"))}, code: 1002},
		{name: "fragments: a first one within", sent: [][]byte{a, masked(bytesOp, "x")}, code: 1002},
		{name: "fragments: a close within", sent: [][]byte{a, masked(fin|closing, "\x03\xe8"), b}, code: 1000},
	}
}

func goodUTF8() (cases []conformance) {
	for _, s := range []string{
		"Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "\u0000", "\u007f", "\u0080", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff",
		"\ud7ff", "\ue000", "\ufffd", "\ufffe", "\ufeffa mark at the start", "𝄞 and 😀",
	} {
		cases = append(cases, conformance{name: fmt.Sprintf("UTF-8: %+q", s), sent: [][]byte{masked(fin|text, s)}, replies: []reply{{text, s}}})
		var bytewise [][]byte
		for i := range len(s) {
			op := byte(more)
			if i == 0 {
				op = text
			}
			if i == len(s)-1 {
				op |= fin
			}
			bytewise = append(bytewise, masked(op, s[i:i+1]))
		}
		cases = append(cases, conformance{name: fmt.Sprintf("UTF-8: %+q, a frame for each byte", s), sent: bytewise, replies: []reply{{text, s}}})
	}
	return cases
}

func badUTF8() (cases []conformance) {
	for _, s := range []string{
		"\x80", "\xbf", "\x80\xbf\x80", "\xc0 ", "\xdf", "\xe0 ", "\xef ", "\xf0 ", "\xf7 ", "\xf8 ", "\xfb", "\xfc ", "\xfd ", "\xfe", "\xff",
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80", "\xdf ", "\xef\xbf", "\xf7\xbf\xbf",
		"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
	} {
		cases = append(cases,
			conformance{name: fmt.Sprintf("bad UTF-8: %q", s), sent: [][]byte{masked(fin|text, "good "+s)}, code: 1007},
			conformance{name: fmt.Sprintf("bad UTF-8: %q in two frames", s), sent: [][]byte{masked(text, "good "), masked(fin|more, s)}, code: 1007})
	}
	return append(cases, conformance{name: "bad UTF-8: in a binary message", sent: [][]byte{masked(fin|bytesOp, "\xff\xfe")}, replies: []reply{{bytesOp, "\xff\xfe"}}})
}

func closes() (cases []conformance) {
	closeFrame := func(code int, reason string) []byte {
		return masked(fin|closing, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		cases = append(cases, conformance{name: fmt.Sprintf("closing: %d", code), sent: [][]byte{closeFrame(code, "why")}, code: code})
	}
	for _, code := range []int{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		cases = append(cases, conformance{name: fmt.Sprintf("closing: %d, which none may send", code), sent: [][]byte{closeFrame(code, "why")}, code: 1002})
	}
	after := bytes.Join([][]byte{closeFrame(1000, ""), masked(fin|text, "after"), masked(fin|pinging, "after")}, nil)
	return append(cases,
		conformance{name: "closing: without a code", sent: [][]byte{masked(fin|closing, "")}, code: noCode},
		conformance{name: "closing: half a code", sent: [][]byte{masked(fin|closing, "\x03")}, code: 1002},
		conformance{name: "closing: the longest reason", sent: [][]byte{closeFrame(1000, strings.Repeat("x", 123))}, code: 1000},
		conformance{name: "closing: a reason that is not UTF-8", sent: [][]byte{closeFrame(1000, "\xce\xba\xe1\xbd\xed\xa0\x80edited")}, code: 1007},
		conformance{name: "closing: a reason cut within a character", sent: [][]byte{closeFrame(1000, "caf\xc3")}, code: 1007},
		conformance{name: "closing: twice", sent: [][]byte{append(closeFrame(1000, ""), closeFrame(1001, "")...)}, code: 1000},
		conformance{name: "closing: a message and a ping after", sent: [][]byte{after}, code: 1000},
		conformance{name: "closing: right after a message", sent: [][]byte{append(masked(fin|text, "last"), closeFrame(1000, "")...)}, replies: []reply{{text, "last"}}, code: 1000},
	)
}

func sizes() (cases []conformance) {
	whole := strings.Repeat("0123456789abcdef", conformanceLimit/16)
	for name, op := range map[string]byte{"text": text, "binary": bytesOp} {
		cases = append(cases,
			conformance{name: "sizes: " + name + " of the limit", sent: [][]byte{masked(fin|op, whole)}, replies: []reply{{op, whole}}},
			conformance{name: "sizes: " + name + " of the limit and one", sent: [][]byte{masked(fin|op, whole+"x")}, code: 1009})
		for _, piece := range []int{64, 1300, 65536} {
			cases = append(cases,
				conformance{name: fmt.Sprintf("sizes: %s of the limit in frames of %d", name, piece), sent: [][]byte{inFrames(op, whole, piece)}, replies: []reply{{op, whole}}},
				conformance{name: fmt.Sprintf("sizes: %s over the limit in frames of %d", name, piece), sent: [][]byte{inFrames(op, whole+"x", piece)}, code: 1009})
		}
		cases = append(cases, conformance{name: "sizes: " + name + " of the limit, 1,000 bytes at a time", sent: chopped(masked(fin|op, whole), 1000), replies: []reply{{op, whole}}})
	}
	return cases
}

// conformanceLimit is the largest message of these tests.
const conformanceLimit = 256 << 10

func chopped(b []byte, piece int) (pieces [][]byte) {
	for len(b) > piece {
		pieces, b = append(pieces, b[:piece]), b[piece:]
	}
	return append(pieces, b)
}

func inFrames(op byte, payload string, piece int) (frames []byte) {
	for len(payload) > piece {
		frames = append(frames, masked(op, payload[:piece])...)
		op, payload = more, payload[piece:]
	}
	return append(frames, masked(fin|op, payload)...)
}
