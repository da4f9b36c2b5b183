//go:build linux

package catalogue_test

import (
	"bytes"
	"runtime"
	"strings"
	"time"
)

const mebi = 1 << 20 // of bytes, the limit of a message

func frameEntries() []entry {
	return []entry{
		{4, "a frame that declares 2^63-1 bytes", "a frame's head that announces 2^63-1 bytes, in one frame or in fragments", "closed with 1009; no memory is taken for it", false, declared, ""},
		{4, "one byte above the limit", "a message of `--max-message-bytes` and one byte, whole, in fragments, or only announced", "closed with 1009", false, aboveLimit, ""},
		{4, "exactly the limit", "a request filled up to the limit with spaces", "answered", false, func(s *scene) {
			p := s.member("/ws/predict")
			p.ask(good+strings.Repeat(" ", mebi-len(good)), goodSeen)
			p.mustServe()
		}, ""},
		{5, "empty continuations without end", "a message that goes on in empty fragments", "gone 10 s after the message began", true, func(s *scene) {
			s.stall(frame(text, ""), frame(more, ""), 10*time.Millisecond)
		}, ""},
		{5, "a fragment of a byte, again and again", "a message in one-byte fragments without an end", "gone 10 s after the message began", true, func(s *scene) {
			s.stall(frame(text, "x"), frame(more, "x"), 50*time.Millisecond)
		}, ""},
		{5, "a stall in mid-frame", "half a frame's head, a head alone, or half of a payload, and then nothing", "gone 10 s after the message began", true, func(s *scene) {
			first := s.member("/ws/predict")
			_ = first.put([]byte{fin | text})
			second := s.member("/ws/dashboard")
			_ = second.put(head(fin|text, 100))
			s.stall(frame(fin|text, good)[:20], nil, time.Second)
			first.mustEndWithin(grossly)
			second.mustEndWithin(grossly)
		}, ""},
		{5, "pings within a message that does not end", "an unfinished message, with a ping now and then to look alive", "gone 10 s after the message began", true, func(s *scene) {
			s.stall(frame(text, "x"), frame(fin|pinging, ""), 200*time.Millisecond)
		}, ""},
		{6, "frames that RFC 6455 forbids", "reserved bits and opcodes, long or fragmented control frames, a message within a message, a continuation of nothing, wrong close frames", "closed with 1002; nothing is processed", false, forbiddenFrames, ""},
		{6, "a frame without a mask", "an unmasked frame with a good request in it", "closed with 1002; nothing is processed", false, func(s *scene) {
			s.mustBreak(1002, append([]byte{fin | text, byte(len(good))}, good...))
		}, ""},
		{6, "more after a goodbye", "good requests after the frame for which a connection is closed", "nothing of it is processed, and the connection is dropped", true, afterGoodbye, ""},
		{7, "text that is not UTF-8", "bytes, overlong forms and surrogates that are not UTF-8, whole and in fragments", "closed with 1007", false, func(s *scene) {
			for _, bad := range []string{"\xff", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", good[:len(good)-1] + ",\"x\":\"\xff\"}"} {
				s.mustBreak(1007, frame(fin|text, bad))
				s.mustBreak(1007, frame(text, bad[:1]), frame(fin|more, bad[1:]))
			}
		}, ""},
		{8, "a flood of pings", "a thousand pings at once", "at most 10 a second are answered; closed with 1008", false, pingFlood, ""},
		{8, "a flood of ping messages", "hundreds of `ping` messages, of either kind", "closed with 1008 `ping flood`", false, func(s *scene) {
			for _, m := range []string{"ping", `{"type":"ping"}`} {
				p := s.member("/ws/predict")
				_ = p.put(bytes.Repeat(frame(fin|text, m), 2000))
				p.mustEnd(1008, "ping flood")
			}
		}, ""},
		{9, "a client that never reads", "requests for long answers, of which none is read", "what waits for it is bounded; 5 s later it is closed with 1008 `slow_consumer`", true, neverReads, ""},
		{9, "a dashboard that never reads", "a dashboard that leaves its frames unread", "it is sent the newest frame when it reads, never a backlog", false, nil, "server TestSlowDashboardGetsTheNewest"},
		{10, "a peer that vanished", "nothing any more, from a peer that is gone without a word", "gone within 35 s; its results are counted as undeliverable", false, nil, "server TestHalfOpenLeavesNoRequests"},
	}
}

// mustBreak sends frames for which the connection must be closed, and nothing be
// processed.
func (s *scene) mustBreak(code int, frames ...[]byte) {
	s.Helper()
	p := s.member("/ws/predict")
	_ = p.put(frames...)
	got, messages := p.end()
	if got.code != code || len(messages) > 0 {
		s.Errorf("% x: %v after %q; want %d", frames[0][:min(16, len(frames[0]))], &got, messages, code)
	}
}

func declared(s *scene) {
	s.mustBreak(1009, head(fin|text, 1<<63-1))
	s.mustBreak(1009, frame(text, "x"), head(fin|more, 1<<63-1))
	s.mustBreak(1002, head(fin|text, 1<<63))
	const peers = 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range peers {
		p := s.member("/ws/predict")
		_ = p.put(head(fin|text, mebi), []byte("{"))
	}
	s.member("/ws/predict").mustServe()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > peers*mebi {
		s.Errorf("the heap grew by %d bytes for %d peers that announced a message", grown, peers)
	}
}

func aboveLimit(s *scene) {
	whole := strings.Repeat("x", mebi)
	s.mustBreak(1009, frame(fin|text, whole+"x"))
	s.mustBreak(1009, frame(text, whole), frame(fin|more, "x"))
	s.mustBreak(1009, head(fin|text, mebi+1))
	s.mustBreak(1009, head(fin|2, mebi+1))
}

// stall sends the beginning of a message and then the same again and again.
func (s *scene) stall(first, again []byte, every time.Duration) {
	s.Helper()
	p := s.member("/ws/predict")
	_ = p.put(first)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for again != nil && p.put(again) == nil {
			select {
			case <-stop:
				return
			case <-time.After(every):
			}
		}
	}()
	p.mustEndWithin(grossly)
	close(stop)
	_ = p.Close()
	<-stopped
}

func forbiddenFrames(s *scene) {
	for _, frames := range [][][]byte{
		{frame(fin|0x40|text, good)}, {frame(fin|0x20|text, good)}, {frame(fin|0x10|text, good)},
		{frame(fin|0x3, good)}, {frame(fin|0x7, good)}, {frame(fin|0xb, "")}, {frame(fin|0xf, "")},
		{frame(fin|pinging, strings.Repeat("x", 126))}, {frame(pinging, "x")}, {frame(closing, "\x03\xe8")},
		{frame(fin|more, good)}, {frame(text, good), frame(fin|text, good)},
		{frame(fin|closing, "x")}, {frame(fin|closing, "\x03\xee")}, {frame(fin|closing, "\x00\x00")},
	} {
		s.mustBreak(1002, frames...)
	}
}

func afterGoodbye(s *scene) {
	p := s.member("/ws/predict")
	_ = p.put(frame(fin|text, "\xff"))
	for end := time.Now().Add(grossly); p.put(frame(fin|text, good)) == nil; <-time.After(200 * time.Millisecond) {
		if time.Now().After(end) {
			s.Error("it may go on sending")
			break
		}
	}
	if _, messages := p.end(); len(messages) > 0 {
		s.Errorf("answered with %q", messages)
	}
}

func pingFlood(s *scene) {
	p := s.member("/ws/predict")
	began := time.Now()
	_ = p.put(bytes.Repeat(frame(fin|pinging, "hi"), 1000))
	pongs := 0
	for {
		op, _, err := p.next()
		if err != nil || op == closing {
			break
		}
		if op == answered {
			pongs++
		}
	}
	seconds := 2 + int(time.Since(began).Seconds())
	if pongs > 10*seconds {
		s.Errorf("%d of 1000 pings were answered", pongs)
	}
	p.mustEndWithin(grossly)
}

func neverReads(s *scene) {
	p := s.dialTight().upgrade("/ws/predict", "Authorization", "Bearer "+s.mine())
	rows := strings.TrimSuffix(strings.Repeat("[1,2,3],", 1000), ",")
	request := frame(fin|text, `{"features":[`+rows+`],"detail":["scores"]}`)
	began := time.Now()
	_ = p.SetWriteDeadline(began.Add(grossly))
	for p.put(request) == nil { // until it is closed
		if time.Since(began) > grossly {
			s.Error("it may go on sending without reading")
			return
		}
	}
	s.Logf("cut off after %v", time.Since(began).Round(time.Millisecond))
	_ = p.SetReadDeadline(time.Now().Add(grossly))
	got, messages := p.end()
	s.Logf("%v, after %d answers", &got, len(messages))
	if got.code != 1008 && got.code != 0 || got.code == 1008 && got.reason != "slow_consumer" {
		s.Errorf("%v; want 1008 slow_consumer, or a reset", &got)
	}
}
