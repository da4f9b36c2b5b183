package client

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Each fault must cost the request in flight a typed error within a bounded
// time, and a second connection must serve the next one.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name   string
		within time.Duration
		fault  func(*fakeConn)
	}{
		{"never answers, not even pings", 35 * time.Second, func(c *fakeConn) {
			_, _ = c.read()
			c.swallow()
		}},
		{"stalls in mid-frame", 35 * time.Second, func(c *fakeConn) {
			_, _ = c.raw.Write([]byte{0x81, 126, 1, 0, '{'}) // 256 bytes announced, one sent
			c.swallow()
		}},
		{"stops reading", 35 * time.Second, func(c *fakeConn) {
			c.idle()
		}},
		{"stops reading in mid-frame", 35 * time.Second, func(c *fakeConn) {
			_, _ = c.raw.Read(make([]byte, 4))
			c.idle()
		}},
		{"cuts in mid-frame", time.Second, func(c *fakeConn) {
			_, _ = c.read()
			_, _ = c.raw.Write([]byte{0x81, 100, '{'})
		}},
		{"sends garbage in a frame", time.Second, func(c *fakeConn) {
			_, _ = c.read()
			c.send(`{"type":"prediction","request_id":1,`)
			_, _ = c.read()
		}},
		{"sends text that is not UTF-8", time.Second, func(c *fakeConn) {
			_, _ = c.read()
			c.send("{\"type\":\"pong\",\"x\":\"\xff\"}")
			_, _ = c.read()
		}},
		{"sends garbage instead of frames", time.Second, func(c *fakeConn) {
			_, _ = c.read()
			_, _ = c.raw.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
			_, _ = c.raw.Read(make([]byte, 100))
		}},
		{"sends more than the client takes", time.Second, func(c *fakeConn) {
			_, _ = c.read()
			c.send("%s", make([]byte, 3000))
			_, _ = c.read()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newFakeServer(t, func(c *fakeConn) {
					c.greet(8)
					if c.n > 1 {
						c.each(c.answer)
						return
					}
					test.fault(c)
				}).client(Options{MaxReply: 2000})
				start := time.Now()
				_, err := c.Predict(t.Context(), []float32{1})
				var e *ConnError
				if !errors.As(err, &e) || !e.Retryable() {
					t.Errorf("the request ended with %#v", err)
				}
				if d := time.Since(start); d > test.within {
					t.Errorf("it took %v; expected at most %v", d, test.within)
				}
				if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
					t.Errorf("the next connection: %v", err)
				}
			})
		})
	}
}

func TestCloseDoesNotHang(t *testing.T) {
	for _, test := range []struct {
		name  string
		serve func(*fakeConn)
		most  time.Duration
	}{
		{"honest peer", func(c *fakeConn) { c.each(func(fakeMessage) {}) }, 0},
		{"peer stalled in mid-frame", func(c *fakeConn) {
			_, _ = c.raw.Write([]byte{0x81, 126, 1, 0, '{'})
			c.idle()
		}, 2 * time.Second},
		{"peer ignores the close", (*fakeConn).swallow, 2 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newFakeServer(t, func(c *fakeConn) { c.greet(8); test.serve(c) }).client(Options{})
				ended := make(chan error, 1)
				_, err := c.Submit(t.Context(), Request{Features: []float32{1}}, func(_ Prediction, err error) { ended <- err })
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				start := time.Now()
				_ = c.Close()
				if d := time.Since(start); d > test.most {
					t.Errorf("Close took %v", d)
				}
				if err := <-ended; err == nil || Retryable(err) {
					t.Errorf("the request in flight ended with %v", err)
				}
				if _, err := c.Predict(t.Context(), []float32{1}); err == nil || c.Status() != Disconnected {
					t.Errorf("after Close: %v, %v", err, c.Status())
				}
				_ = c.Close()
			})
		})
	}
}

func TestCloseWhileReconnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, func(c *fakeConn) { c.greet(8); _, _ = c.read() })
		c := s.client(Options{})
		_ = s.Close()
		_, _ = c.Predict(t.Context(), []float32{1})
		_ = c.Close()
		if c.Status() != Disconnected {
			t.Errorf("status %v", c.Status())
		}
	})
}

func TestHeartbeatKeepsAQuietConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch()
		c := newFakeServer(t, honest(8)).client(Options{OnStatus: w.on})
		_ = pause(t.Context(), time.Hour)
		if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
			t.Error(err)
		}
		if len(w.changes) > 0 {
			t.Errorf("the connection was lost: %v", <-w.changes)
		}
	})
}

func TestDialIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, (*fakeConn).idle)
		start := time.Now()
		if _, err := Dial(t.Context(), "ws://penstock.test", Options{DialContext: s.dial}); err == nil {
			t.Error("a server that never says hello was taken")
		}
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("it took %v", d)
		}
		mute := func(context.Context, string, string) (net.Conn, error) {
			client, _ := pipe()
			return client, nil
		}
		if _, err := Dial(t.Context(), "ws://penstock.test", Options{DialContext: mute}); err == nil {
			t.Error("a server that never answers the handshake was taken")
		}
	})
}

func TestAServerThatStopsReadingIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeServer(t, func(c *fakeConn) { c.greet(8); c.idle() }).client(Options{NoReconnect: true})
		start := time.Now()
		_, err := c.Predict(t.Context(), make([]float32, 2*pipeBuffer)) // more than lies in between
		var e *ConnError
		if !errors.As(err, &e) {
			t.Errorf("the request ended with %v", err)
		}
		if d := time.Since(start); d > 11*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}
