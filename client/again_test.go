package client

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"penstock/protocol"
)

func (c *fakeConn) drain(m fakeMessage) {
	c.send(`{"type":"error","request_id":%s,"code":"draining","message":"going","retryable":true}`, m.ID)
}

// drainsOnce answers what comes over the first connections with draining, and
// over later ones honestly.
func drainsOnce(connections int, leave func(*fakeConn)) func(*fakeConn) {
	return func(c *fakeConn) {
		c.greet(8)
		if c.n > connections {
			c.each(c.answer)
			return
		}
		m, err := c.read()
		if err != nil {
			return
		}
		c.drain(m)
		leave(c)
	}
}

func goAway(c *fakeConn) { _ = c.ws.Close(1001, "") }

func TestDrainedCallsAreSentAgain(t *testing.T) {
	for name, ask := range map[string]func(*Client, context.Context) error{
		"request": func(c *Client, ctx context.Context) error {
			p, err := c.Predict(ctx, []float32{1}, WithID(NumberID(7)))
			if err == nil && (p.Label != "a" || p.ID != NumberID(7)) {
				return errors.New("another answer")
			}
			return err
		},
		"label": func(c *Client, ctx context.Context) error {
			correct, err := c.Feedback(ctx, NumberID(7), Class("a"))
			if err == nil && (len(correct) != 1 || !correct[0]) {
				return errors.New("another answer")
			}
			return err
		},
	} {
		for ending, leave := range map[string]func(*fakeConn){
			"1001": goAway, "cut": func(*fakeConn) {},
			"never": func(c *fakeConn) { c.each(c.drain) }, // but when the client has waited for long enough
		} {
			for _, connections := range []int{1, 3} {
				synctest.Test(t, func(t *testing.T) {
					c := newFakeServer(t, drainsOnce(connections, leave)).client(Options{})
					if err := ask(c, t.Context()); err != nil {
						t.Errorf("%s, %s, %d connections: %v", name, ending, connections, err)
					}
				})
			}
		}
	}
}

func TestWhatIsLeftOfADeadlineIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan fakeMessage, 2)
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			m, _ := c.read()
			got <- m
			if c.n == 2 {
				c.answer(m)
				return
			}
			_ = pause(t.Context(), time.Second)
			c.drain(m)
			goAway(c)
		}).client(Options{BackoffMin: 1, BackoffMax: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := c.Predict(ctx, []float32{1, 2}, WithModel(`m,"deadline_ms":1`), WithTop(2)); err != nil {
			t.Fatal(err)
		}
		first, second := <-got, <-got
		if first.Deadline != 5000 || second.Deadline > 4000 || second.Deadline < 3999 {
			t.Errorf("deadlines %v and %v", first.Deadline, second.Deadline)
		}
		first.Deadline, second.Deadline = 0, 0
		if string(first.Features) != string(second.Features) || first.Model != second.Model || second.TopK != 2 || second.Model != `m,"deadline_ms":1` {
			t.Errorf("sent %+v, then %+v", first, second)
		}
	})
}

// waitingClient has a request that waits to be sent again, and no server.
func waitingClient(t *testing.T, o Options, r Request) (*Client, Ticket, chan error) {
	s := newFakeServer(t, drainsOnce(1, goAway))
	c := s.client(o)
	_ = s.Close() // nobody listens any more
	ended := make(chan error, 2)
	ticket, err := c.Submit(t.Context(), r, func(_ Prediction, err error) { ended <- err })
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return c, ticket, ended
}

func isCode(err error, code protocol.Code) bool {
	var e *protocol.Error
	return errors.As(err, &e) && e.Code == code
}

func TestTheWaitToBeSentAgainEnds(t *testing.T) {
	row := []float32{1}
	t.Run("at the deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, _, ended := waitingClient(t, Options{}, Request{Features: row, Deadline: 5 * time.Second})
			if err := <-ended; !isCode(err, protocol.DeadlineExceeded) || time.Since(start) != 5*time.Second {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		})
	})
	t.Run("with the context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newFakeServer(t, drainsOnce(1, goAway))
			c := s.client(Options{})
			_ = s.Close()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Minute, cancel)
			if _, err := c.Feedback(ctx, NumberID(1), Class("a")); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			synctest.Wait()
			if len(c.again) != 0 {
				t.Error("the label still waits")
			}
		})
	})
	t.Run("with a cancel", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, ticket, ended := waitingClient(t, Options{}, Request{Features: row, Deadline: time.Hour})
			ticket.Cancel()
			ticket.Cancel()
			if err := <-ended; !isCode(err, protocol.Cancelled) {
				t.Error(err)
			}
		})
	})
	t.Run("with the client", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, _, ended := waitingClient(t, Options{}, Request{Features: row, Deadline: time.Hour})
			_ = c.Close()
			if err := <-ended; err == nil || Retryable(err) {
				t.Error(err)
			}
		})
	})
	for name, o := range map[string]Options{"FailWhenDown": {FailWhenDown: true}, "NoReconnect": {NoReconnect: true}} {
		t.Run("at once with "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, _, ended := waitingClient(t, o, Request{Features: row})
				if err := <-ended; !isCode(err, protocol.Draining) || time.Since(start) != 0 {
					t.Errorf("%v after %v", err, time.Since(start))
				}
			})
		})
	}
}

func TestARequestThatWasSentAgainCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan fakeMessage, 3)
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(8)
			if c.n == 1 {
				m, _ := c.read()
				c.drain(m)
				return
			}
			c.each(func(m fakeMessage) {
				got <- m
				if m.Type == "cancel" {
					c.answer(m)
				}
			})
		}).client(Options{})
		ended := make(chan error, 2)
		ticket, err := c.Submit(t.Context(), Request{Features: []float32{1}}, func(_ Prediction, err error) { ended <- err })
		if err != nil {
			t.Fatal(err)
		}
		if m := <-got; m.Type != "predict" {
			t.Errorf("sent again: %+v", m)
		}
		ticket.Cancel()
		if m := <-got; m.Type != "cancel" {
			t.Errorf("sent then: %+v", m)
		}
		if err := <-ended; !isCode(err, protocol.Cancelled) {
			t.Error(err)
		}
	})
}

// All that one connection had in the air goes out on the next, and waits for
// nobody's room; what the caller sends meanwhile keeps to the window.
func TestAWindowFullIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const window = 8
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(window)
			n := 0
			c.each(func(m fakeMessage) {
				if c.n > 1 {
					c.answer(m)
					return
				}
				c.drain(m)
				if n++; n == window {
					goAway(c)
				}
			})
		}).client(Options{})
		ended := make(chan error, 3*window)
		for range 3 * window {
			if _, err := c.Submit(t.Context(), Request{Features: []float32{1}}, func(_ Prediction, err error) { ended <- err }); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 * window {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

// A binary request names the model by its place in the greeting of the
// connection that it goes out on.
func TestDrainedBinaryRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan protocol.Ask, 2)
		c := newFakeServer(t, func(c *fakeConn) {
			models := []protocol.HelloItem{{Name: "other", Version: "1"}, {Name: "m", Version: "2", Classes: []string{"x", "y"}}}
			if c.n > 1 {
				models[0], models[1] = models[1], models[0]
			}
			c.send(string(protocol.Encode(protocol.Hello{Type: "hello", Models: models, Limits: protocol.HelloLimits{Window: 8}})))
			_, b, err := c.ws.Read(context.Background())
			if err != nil {
				return
			}
			var m protocol.Ask
			var d protocol.Decoder
			if e := d.DecodeBinary(b, 0, &m); e != nil {
				t.Error(e)
			}
			if e := d.Rows(&m, &protocol.Row{Features: 2, Uint8Scale: 1}); e != nil {
				t.Error(e)
			}
			got <- m
			reply := protocol.AppendBinaryError(nil, m.Number, protocol.Errorf(protocol.Draining, "going"))
			if c.n > 1 {
				p := decided(0.5, 1)
				reply = protocol.AppendBinaryPrediction(nil, m.Number, classes("x", "y"), &p)
			}
			_ = pause(t.Context(), time.Second)
			_ = c.ws.Write(context.Background(), websocket.MessageBinary, reply)
			_, _, _ = c.ws.Read(context.Background())
		}).client(Options{DrainTimeout: time.Second})
		p, err := c.PredictBytes(t.Context(), []byte{1, 2}, WithModel("m"), WithDeadline(time.Minute))
		if err != nil || p.Label != "y" || p.Version != "2" || *p.Confidence != 0.5 {
			t.Errorf("got %+v, %v", p, err)
		}
		first, second := <-got, <-got
		if first.ModelIndex != 1 || second.ModelIndex != 0 || first.Deadline != time.Minute || second.Deadline >= 58*time.Second || !slices.Equal(second.Features, []float32{1, 2}) {
			t.Errorf("sent %+v, then %+v", first, second)
		}
	})
}

func TestDeadlinesAreCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deadlines := make(chan time.Duration, 1)
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(64)
			for {
				kind, b, err := c.ws.Read(context.Background())
				if err != nil {
					return
				}
				var m protocol.Ask
				var d protocol.Decoder
				if kind == websocket.MessageBinary {
					deadlines <- time.Duration(binary.LittleEndian.Uint32(b[16:])) * time.Microsecond
				} else if e := d.Decode(b, &m); e != nil {
					t.Error(e)
				} else {
					deadlines <- m.Deadline
				}
			}
		}).client(Options{})
		for _, test := range []struct{ deadline, json, binary time.Duration }{
			{0, 0, 0},
			{1, 1, time.Microsecond},
			{time.Minute, time.Minute, time.Minute},
			{24 * time.Hour, 24 * time.Hour, maxBinaryDeadline},
			{48 * time.Hour, 24 * time.Hour, maxBinaryDeadline},
			{1<<63 - 1, 24 * time.Hour, maxBinaryDeadline},
		} {
			for _, bin := range []bool{false, true} {
				want := test.json
				if bin {
					want = test.binary
				}
				_, err := c.Submit(t.Context(), Request{Features: []float32{1}, Deadline: test.deadline, Binary: bin}, func(Prediction, error) {})
				if err != nil {
					t.Fatal(err)
				}
				if got := <-deadlines; got != want {
					t.Errorf("%v, binary %v: sent as %v, want %v", test.deadline, bin, got, want)
				}
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour)
		time.AfterFunc(time.Second, cancel)
		if _, err := c.Predict(ctx, []float32{1}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if got := <-deadlines; got != 24*time.Hour {
			t.Errorf("a context of two days was sent as %v", got)
		}
		if _, err := c.Predict(t.Context(), []float32{1}, WithDeadline(-1)); !isCode(err, protocol.BadMessage) {
			t.Error(err)
		}
	})
}
