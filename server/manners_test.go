package server_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
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
				p := r.connect(c.path)
				for range 500 {
					p.ask(c.message, `{"type":"error",…`)
				}
				time.Sleep(time.Second)
				if more := p.askUntilClosed(c.message, `{"type":"error",…`, 1008, "too_many_errors"); more < 100 || more > 150 {
					t.Errorf("%d more were answered after a second; want 100, and few more", more)
				}
			})
		})
	}
}

// TestMessagePingFlood of any kind ends its socket; what a heartbeat needs does not.
func TestMessagePingFlood(t *testing.T) {
	for _, c := range []struct{ path, message, answer string }{
		{"/ws/predict", `ping`, `pong`},
		{"/ws/predict", `{"type":"ping"}`, `{"type":"pong"}`},
		{"/ws/predict", `{"type":"auth","token":"x"}`, `{"type":"auth_ok",…`},
		{"/ws/dashboard", `ping`, `pong`},
		{"/ws/dashboard", `{"type":"ping"}`, `{"type":"pong"}`},
	} {
		t.Run(c.path+" "+c.message, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, setup{inMemory: true})
				p := r.connect(c.path)
				answers := p.askUntilClosed(c.message, c.answer, 1008, "ping flood")
				if answers < 200 || answers > 300 {
					t.Errorf("%d were answered; want the first 200, and few more", answers)
				}
			})
		})
	}
}

// TestHelloHasARate: its answer is a thousand times its size.
func TestHelloHasARate(t *testing.T) {
	for _, path := range []string{"/ws/predict", "/ws/dashboard"} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, setup{inMemory: true})
			p := r.connect(path)
			answers := 0
			for refused := false; !refused && answers <= 40; {
				p.send(`{"type":"hello"}`)
				for answered := false; !answered && !refused; {
					text := p.receive()
					answered = matches(text, `{"type":"hello",…`)
					refused = matches(text, `{"type":"error","request_id":null,"code":"rate_limited","message":"…","retryable":true,"retry_after_ms":#}`)
				}
				answers++
			}
			if answers <= 20 || answers > 40 {
				t.Errorf("the %dth was refused; want the 21st, or soon after", answers)
			}
			time.Sleep(time.Second)
			p.send(`{"type":"hello"}`)
			p.skipTo(`{"type":"hello",…`)
			p.leave()
		})
	}
}

// askUntilClosed sends the message again and again, and returns how many answers
// came before the server closed.
func (p *peer) askUntilClosed(message, answer string, code websocket.StatusCode, reason string) (answers int) {
	p.t.Helper()
	for answers < 1000 {
		p.send(message)
		for {
			text, err := p.read()
			if err != nil {
				var closed websocket.CloseError
				if !errors.As(err, &closed) || closed.Code != code || closed.Reason != reason {
					p.t.Errorf("closed with %v; want %d %s", err, code, reason)
				}
				return answers
			}
			if matches(text, answer) {
				break
			}
		}
		answers++
	}
	p.t.Error("never closed")
	return answers
}
