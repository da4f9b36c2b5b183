package socket_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestFramesAsTheyCome: messages whole or in fragments, with pings between and
// within them, masked, and cut anywhere on their way, come back from the echo
// in order, as they were.
func TestFramesAsTheyCome(t *testing.T) {
	for name, s := range map[string]setup{"TCP": {}, "pipe": {inMemory: true}} {
		t.Run(name, func(t *testing.T) {
			r := start(t, s)
			rapid.Check(t, func(t *rapid.T) {
				sent, want := conversation(t)
				w := r.upgraded("/echo")
				defer func() { _ = w.Close() }()
				var cuts []int
				for rest := len(sent); rest > 0; rest -= cuts[len(cuts)-1] {
					cuts = append(cuts, min(rest, rapid.SampledFrom(cutSizes).Draw(t, "cut")))
				}
				go func() {
					for _, n := range cuts {
						if _, err := w.Write(sent[:n]); err != nil {
							return
						}
						sent = sent[n:]
					}
				}()
				for i, m := range want {
					op, payload, err := w.next()
					if err != nil || op != m.op || !bytes.Equal(payload, m.payload) {
						t.Fatalf("answer %d is opcode %x with %d bytes, %v; want %x with %d", i, op, len(payload), err, m.op, len(m.payload))
					}
				}
			})
		})
	}
}

var (
	// messageSizes lie about the borders of headers, of what is read at a time,
	// and of what fits there beside another message.
	messageSizes = []int{0, 1, 3, 5, 31, 32, 33, 125, 126, 127, 500, 506, 512, 680, 8000, 16 << 10, 32<<10 - 9, 32<<10 - 8, 32<<10 - 7, 32 << 10, 65535, 65536, 100_000}
	cutSizes     = []int{1, 2, 5, 7, 100, 511, 512, 4096, 32 << 10, 1 << 20}
)

type answer struct {
	op      byte
	payload []byte
}

// conversation makes up what a client sends, and what it should receive. It
// ends with a close frame.
func conversation(t *rapid.T) (sent []byte, want []answer) {
	pings := 5 // the server answers ten a second
	filler := byte(0)
	fill := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			filler = filler*5 + 7
			b[i] = filler & 0x7f // ASCII is UTF-8
		}
		return b
	}
	send := func(first byte, payload []byte) {
		sent = append(sent, maskedFrame(first, payload, rapid.Uint32().Draw(t, "mask"))...)
	}
	ping := func() {
		if pings > 0 && rapid.IntRange(0, 9).Draw(t, "ping") == 0 {
			pings--
			payload := fill(rapid.SampledFrom([]int{0, 4, 125}).Draw(t, "ping size"))
			send(fin|pinging, payload)
			want = append(want, answer{answered, payload})
		}
	}
	for range rapid.IntRange(1, 30).Draw(t, "messages") {
		ping()
		op := rapid.SampledFrom([]byte{text, 0x2}).Draw(t, "opcode")
		payload := fill(rapid.SampledFrom(messageSizes).Draw(t, "size"))
		first, rest := op, payload
		for range rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "fragments") {
			n := rapid.IntRange(0, len(rest)).Draw(t, "fragment")
			send(first, rest[:n])
			first, rest = more, rest[n:]
			ping()
		}
		send(fin|first, rest)
		want = append(want, answer{op, payload})
	}
	send(fin|closing, []byte{1000 >> 8, 1000 & 0xff})
	return sent, append(want, answer{closing, []byte{1000 >> 8, 1000 & 0xff}})
}
