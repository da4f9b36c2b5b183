package server_test

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"
)

// TestTooManyErrors: a client that sends nothing but nonsense is told so for a
// while, and then closed.
func TestTooManyErrors(t *testing.T) {
	for _, c := range []struct{ name, path, message string }{
		{"nonsense", "/ws/predict", `nonsense`},
		{"rows that are too short", "/ws/predict", `{"features":[1]}`},
		{"unknown labels", "/ws/predict", `{"type":"feedback","request_id":1,"label":1}`},
		{"unknown cancels", "/ws/predict", `{"type":"cancel","request_id":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, setup{inMemory: true})
				w := r.upgraded(c.path)
				answers := w.askUntilClosed(c.message, `{"type":"error",…`, 1008, "too_many_errors")
				if answers < 500 || answers > 600 {
					t.Errorf("%d were answered; want the first 500, that which is too many, and few more", answers)
				}
			})
		})
	}
}

// TestMessagePingFlood of any kind ends its socket; what a heartbeat needs does
// not.
func TestMessagePingFlood(t *testing.T) {
	for _, c := range []struct{ path, message, answer string }{
		{"/ws/predict", `ping`, `pong`},
		{"/ws/predict", `{"type":"ping"}`, `{"type":"pong"}`},
		{"/ws/predict", `{"type":"auth","token":"x"}`, `{"type":"auth_ok",…`},
		{"/ws/dashboard", `ping`, `pong`},
		{"/ws/dashboard", `{"type":"ping"}`, `{"type":"pong"}`},
	} {
		t.Run(c.path+" "+c.message, func(t *testing.T) {
			r := start(t, setup{})
			if answers := r.upgraded(c.path).askUntilClosed(c.message, c.answer, 1008, "ping flood"); answers < 200 {
				t.Errorf("%d were answered; want 200 at least", answers)
			}
		})
	}
}

// TestHelloHasARate: its answer is a thousand times its size.
func TestHelloHasARate(t *testing.T) {
	for _, path := range []string{"/ws/predict", "/ws/dashboard"} {
		t.Run(path, func(t *testing.T) {
			r := start(t, setup{})
			p := r.connect(path)
			refusal := `{"type":"error","request_id":null,"code":"rate_limited","message":"…","retryable":true,"retry_after_ms":#}`
			greeted := func() bool {
				p.send(`{"type":"hello"}`)
				for {
					switch text := p.receive(); {
					case matches(text, `{"type":"hello",…`):
						return true
					case matches(text, refusal):
						return false
					}
				}
			}
			answers := 0
			for greeted() {
				answers++
			}
			if answers < 20 {
				t.Errorf("%d were answered; want 20 at least", answers)
			}
			time.Sleep(200 * time.Millisecond) // refusals name 100 ms at most
			if !greeted() {
				t.Error("it is refused for longer than it said")
			}
			p.leave()
		})
	}
}

// askUntilClosed sends the message again and again, and returns how many answers
// came before the server closed as it should.
func (w *wire) askUntilClosed(message, answer string, code int, reason string) (answers int) {
	w.t.Helper()
	for answers < 100_000 {
		_, _ = w.Write(frame(fin|text, message)) // it may be closed: what was sent before that is still to be read
		for op := byte(0); op != text; {
			var payload []byte
			var err error
			op, payload, err = w.next()
			switch {
			case err != nil:
				w.t.Errorf("ended with %v; want %d %s", err, code, reason)
				return answers
			case op == closing:
				if got := int(binary.BigEndian.Uint16(payload)); got != code || string(payload[2:]) != reason {
					w.t.Errorf("closed with %d %s; want %d %s", got, payload[2:], code, reason)
				}
				_ = w.Close()
				return answers
			case op == text && !matches(string(payload), answer):
				op = 0 // a dashboard's frame
			}
		}
		answers++
	}
	w.t.Error("never closed")
	return answers
}
