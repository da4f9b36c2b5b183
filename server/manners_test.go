package server_test

import (
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
				p := r.connect(c.path)
				for range 500 {
					p.ask(c.message, `{"type":"error",…`)
				}
				time.Sleep(time.Second)
				for range 100 {
					p.ask(c.message, `{"type":"error",…`)
				}
				p.send(c.message)
				p.expectClose(1008, "too_many_errors")
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
				for range 200 {
					p.send(c.message)
					p.skipTo(c.answer)
				}
				p.send(c.message)
				p.expectClose(1008, "ping flood")
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
			for range 20 {
				p.send(`{"type":"hello"}`)
				p.skipTo(`{"type":"hello",…`)
			}
			p.send(`{"type":"hello"}`)
			p.skipTo(`{"type":"error","request_id":null,"code":"rate_limited","message":"…","retryable":true,"retry_after_ms":100}`)
			time.Sleep(time.Second)
			p.send(`{"type":"hello"}`)
			p.skipTo(`{"type":"hello",…`)
			p.leave()
		})
	}
}
