package server_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/server"
)

const smallLimit = 4096

// TestBadFrames: a broken frame ends its connection with the right code, or
// none, and nothing of it is processed (rows 4, 6 and 7).
func TestBadFrames(t *testing.T) {
	r := start(t, setup{server: func(o *server.Options) { o.MaxMessageBytes = smallLimit }})
	request := r.request("1", 7)
	exactly := request + strings.Repeat(" ", smallLimit-len(request))
	unmasked := append([]byte{fin | text, byte(len(request))}, request...)
	for _, c := range []struct {
		name string
		sent [][]byte
		code int // 0: none
	}{
		{"limit + 1", [][]byte{frame(fin|text, exactly+" ")}, 1009},
		{"limit + 1 in fragments", [][]byte{frame(text, exactly), frame(fin|more, " ")}, 1009},
		{"limit + 1 declared", [][]byte{header(fin|text, smallLimit+1)}, 1009},
		{"2^63 - 1 declared", [][]byte{header(fin|text, 1<<63-1)}, 1009},
		{"2^63 - 1 declared, and much sent", [][]byte{header(fin|text, 1<<63-1), bytes.Repeat([]byte("x"), smallLimit+1)}, 1009},
		{"2^63 declared", [][]byte{header(fin|text, 1<<63)}, 1002},
		{"limit + 1 declared in a fragment", [][]byte{frame(text, "x"), header(fin|more, smallLimit+1)}, 1009},
		{"RSV1", [][]byte{frame(fin|0x40|text, request)}, 1002},
		{"RSV2", [][]byte{frame(fin|0x20|text, request)}, 1002},
		{"RSV3", [][]byte{frame(fin|0x10|text, request)}, 1002},
		{"reserved opcode", [][]byte{frame(fin|0x3, request)}, 1002},
		{"reserved control opcode", [][]byte{frame(fin|0xb, "")}, 1002},
		{"long ping", [][]byte{frame(fin|pinging, strings.Repeat("x", 126))}, 1002},
		{"fragmented ping", [][]byte{frame(pinging, "x")}, 1002},
		{"unmasked", [][]byte{append(unmasked, unmasked...)}, 1002},
		{"continuation of nothing", [][]byte{frame(fin|more, request)}, 1002},
		{"message within a message", [][]byte{frame(text, request), frame(fin|text, request)}, 1002},
		{"close with one byte", [][]byte{frame(fin|closing, "x")}, 1002},
		{"close with a code that none may send", [][]byte{frame(fin|closing, "\x03\xee")}, 1002},
		{"not UTF-8", [][]byte{frame(fin|text, request[:len(request)-1]+",\"x\":\"\xff\"}")}, 1007},
		{"UTF-8 of a surrogate", [][]byte{frame(fin|text, "\xed\xa0\x80")}, 1007},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			healthy, w := r.connect("/ws/predict"), r.upgraded("/ws/predict")
			before := r.Traffic().Received
			for _, b := range c.sent {
				_, _ = w.Write(b) // the server may have hung up already
			}
			if code, reason, texts := w.end(); code != c.code || len(texts) > 0 {
				t.Errorf("closed with %d %s after %q; want %d", code, reason, texts, c.code)
			}
			if after := r.Traffic().Received; after != before {
				t.Errorf("%d requests were processed", after-before)
			}
			healthy.ask(r.request("2", 8), r.prediction("2", 8))
			healthy.leave()
		})
	}
	r.t = t
}

// TestGoodFrames are unusual, but right.
func TestGoodFrames(t *testing.T) {
	r := start(t, setup{server: func(o *server.Options) { o.MaxMessageBytes = smallLimit }})
	request := r.request("1", 7)
	half := len(request) / 2
	w := r.upgraded("/ws/predict")
	w.mustWrite(frame(fin|text, request+strings.Repeat(" ", smallLimit-len(request)))) // exactly the limit
	w.expect(r.prediction("1", 7))
	w.mustWrite(frame(text, ""), frame(more, request[:half]), frame(more, ""), frame(fin|more, request[half:]))
	w.expect(r.prediction("1", 7))
	w.mustWrite(frame(text, request[:half]), frame(fin|pinging, "hi"), frame(fin|more, request[half:]))
	if op, payload, err := w.next(); op != answered || string(payload) != "hi" || err != nil {
		t.Errorf("opcode %x, %q, %v; want the ping's answer before the message's end", op, payload, err)
	}
	w.expect(r.prediction("1", 7))
	w.mustWrite(frame(fin|answered, "nobody asked"), frame(fin|text, request))
	w.expect(r.prediction("1", 7))
	w.mustWrite(frame(fin|closing, "\x03\xe8bye"))
	if code, reason, _ := w.end(); code != 1000 || reason != "bye" {
		t.Errorf("closed with %d %q; want the client's own 1000 bye", code, reason)
	}
}

// TestDeclaredLengthTakesNoMemory: what a header promises is not believed (row
// 4).
func TestDeclaredLengthTakesNoMemory(t *testing.T) {
	r := start(t, setup{})
	const peers = 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range peers {
		r.upgraded("/ws/predict").mustWrite(header(fin|text, 1<<63-1), []byte("{"))
	}
	r.connect("/ws/predict").ask(r.request("1", 7), r.prediction("1", 7))
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > peers<<20 {
		t.Errorf("the heap grew by %d bytes; want at most %d, a message's limit for each", grown, peers<<20)
	}
}

// stalls are peers that begin a message and do not come to its end. Each gets
// to send again every so often; pings never at a whole second, when the sweep
// comes: it asks nothing of a connection that is just answering one.
var stalls = []struct {
	name  string
	first []byte
	again []byte
	every time.Duration
}{
	{"half a header", []byte{fin | text}, nil, time.Second},
	{"header alone", header(fin|text, 100), nil, time.Second},
	{"half a payload", frame(fin|text, `{"features":[1,2,3],"x":"`)[:20], nil, time.Second},
	{"half a ping", header(fin|pinging, 10), nil, time.Second},
	{"a byte a second", header(fin|text, 100), []byte{'x'}, time.Second},
	{"fragments of a byte without end", frame(text, "x"), frame(more, "x"), 50 * time.Millisecond},
	{"empty continuations", frame(text, ""), frame(more, ""), time.Millisecond},
	{"pings within the message", frame(text, "x"), frame(fin|pinging, ""), 170 * time.Millisecond},
	{"pongs within the message", frame(text, "x"), frame(fin|answered, ""), 170 * time.Millisecond},
}

// TestStalledMessages: whoever does not come to the end of a message is gone
// 10 s after its beginning, and a second more for the linger.
func TestStalledMessages(t *testing.T) {
	for _, path := range []string{"/ws/predict", "/ws/dashboard", "/ws/echo"} {
		for _, c := range stalls {
			t.Run(path+" "+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := start(t, setup{inMemory: true})
					healthy, w := r.connect("/ws/predict"), r.upgraded(path)
					read := make(chan struct{})
					go func() { // as a good peer would
						w.end()
						close(read)
					}()
					began := time.Now()
					_, err := w.Write(c.first)
					for err == nil && time.Since(began) < time.Minute {
						time.Sleep(c.every)
						if c.again != nil {
							_, err = w.Write(c.again)
						} else {
							<-read
							break
						}
					}
					<-read
					if took := time.Since(began); took < 5*time.Second || took > 13*time.Second {
						t.Errorf("gone after %v; want 5 to 13 s", took)
					}
					synctest.Wait()
					if n := r.Traffic().Connections; n != 1 {
						t.Errorf("%d connections are open; want the healthy one", n)
					}
					healthy.ask(r.request("2", 8), r.prediction("2", 8))
					healthy.leave()
				})
			})
		}
	}
}

// TestNobodyOutstaysAGoodbye: a peer that goes on sending what it was closed
// for is dropped all the same.
func TestNobodyOutstaysAGoodbye(t *testing.T) {
	for name, again := range map[string][]byte{
		"not UTF-8": frame(fin|text, "\xff"), "good requests": frame(fin|text, `{"features":[1,2,3]}`),
	} {
		for _, path := range []string{"/ws/predict", "/ws/dashboard", "/ws/echo"} {
			t.Run(path+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := start(t, setup{inMemory: true})
					w := r.upgraded(path)
					go w.end()
					began := time.Now()
					w.mustWrite(frame(fin|text, "\xff"))
					var err error
					for err == nil && time.Since(began) < time.Minute {
						time.Sleep(500 * time.Millisecond)
						_, err = w.Write(again)
					}
					if took := time.Since(began); took > 5*time.Second {
						t.Errorf("dropped after %v; want 5 s at most", took)
					}
					if n := r.Traffic().Received; n > 0 {
						t.Errorf("%d requests were taken after the close frame", n)
					}
				})
			})
		}
	}
}
