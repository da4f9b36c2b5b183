package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"penstock/protocol"
)

func TestPredict(t *testing.T) {
	c := newFakeServer(t, honest(8)).client(Options{})
	p, err := c.Predict(t.Context(), []float32{1, 0.5})
	if err != nil {
		t.Fatal(err)
	}
	confidence := 0.75
	want := Prediction{ID: NumberID(1), Row: Row{Label: "a", Confidence: &confidence}, Model: "m", Version: "1"}
	if d := cmp.Diff(want, p, cmp.AllowUnexported(ID{})); d != "" {
		t.Error(d)
	}
	correct, err := c.Feedback(t.Context(), p.ID, Class("a"))
	if err != nil || len(correct) != 1 || !correct[0] {
		t.Errorf("Feedback: %v, %v", correct, err)
	}
}

func TestRequestsOnTheWire(t *testing.T) {
	got := make(chan fakeMessage, 10)
	c := newFakeServer(t, func(c *fakeConn) {
		c.greet(8)
		c.each(func(m fakeMessage) { got <- m; c.answer(m) })
	}).client(Options{})
	_, err := c.PredictRows(t.Context(), [][]float32{{1, -2.5}, {0, 1e-9}}, WithID(StringID("order-7")), WithModel(`a"b`),
		WithDeadline(1500*time.Microsecond), WithScores(), WithTiming(), WithTop(3), WithAlpha(0.05))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Feedback(t.Context(), StringID("order-7"), Class("a"), Number(2.5)); err != nil {
		t.Fatal(err)
	}
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	want := fakeMessage{Type: "predict", ID: raw(`"order-7"`), Features: raw(`[[1,-2.5],[0,1e-09]]`), Model: `a"b`,
		Deadline: 1.5, Detail: []string{"scores", "timing", "set"}, TopK: 3, Alpha: 0.05}
	if d := cmp.Diff(want, <-got); d != "" {
		t.Error(d)
	}
	want = fakeMessage{Type: "feedback", ID: raw(`"order-7"`), Labels: raw(`["a",2.5]`)}
	if d := cmp.Diff(want, <-got); d != "" {
		t.Error(d)
	}
}

func TestRepliesFindTheirRequests(t *testing.T) {
	const n = 200
	c := newFakeServer(t, func(c *fakeConn) {
		c.greet(n)
		var held []fakeMessage
		c.each(func(m fakeMessage) {
			if held = append(held, m); len(held) < n {
				return
			}
			for i := range held { // backwards
				m := held[n-1-i]
				var row []float64
				_ = json.Unmarshal(m.Features, &row)
				c.send(`{"type":"prediction","request_id":%s,"prediction":%v,"confidence":null,"model":"m","version":"1"}`, m.ID, row[0])
			}
		})
	}).client(Options{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			p, err := c.Predict(t.Context(), []float32{float32(i)})
			if err != nil || p.Value != float64(i) {
				t.Errorf("request %d: got %v, %v", i, p.Value, err)
			}
		})
	}
	all.Wait()
}

func TestServerErrorIsTyped(t *testing.T) {
	c := newFakeServer(t, func(c *fakeConn) {
		c.greet(8)
		c.each(func(m fakeMessage) {
			c.send(`{"type":"error","request_id":%s,"code":"overloaded","message":"full","retryable":true,"retry_after_ms":20}`, m.ID)
		})
	}).client(Options{})
	_, err := c.Predict(t.Context(), []float32{1})
	var e *protocol.Error
	if !errors.As(err, &e) || e.Code != protocol.Overloaded || e.RetryAfter != 20*time.Millisecond || !Retryable(err) {
		t.Errorf("got %#v", err)
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	c := newFakeServer(t, honest(8)).client(Options{})
	inf := float32(math.Inf(1))
	for _, test := range []struct {
		name string
		do   func() error
		want protocol.Code
	}{
		{"infinity", func() error { _, err := c.Predict(t.Context(), []float32{0, inf}); return err }, protocol.BadFeatures},
		{"minus infinity", func() error { _, err := c.PredictRows(t.Context(), [][]float32{{0}, {-inf}}); return err }, protocol.BadFeatures},
		{"id", func() error {
			_, err := c.Predict(t.Context(), []float32{0}, WithID(StringID("a\nb")))
			return err
		}, protocol.BadRequestID},
		{"long id", func() error {
			_, err := c.Predict(t.Context(), []float32{0}, WithID(StringID(fmt.Sprintf("%0200d", 1))))
			return err
		}, protocol.BadRequestID},
		{"too large", func() error { _, err := c.Predict(t.Context(), make([]float32, 1<<20)); return err }, protocol.TooManyRows},
		{"no label", func() error { _, err := c.Feedback(t.Context(), NumberID(1)); return err }, protocol.BadLabel},
		{"no id", func() error { _, err := c.Feedback(t.Context(), ID{}, Class("a")); return err }, protocol.BadRequestID},
		{"label", func() error {
			_, err := c.Feedback(t.Context(), NumberID(1), Number(math.NaN()))
			return err
		}, protocol.BadLabel},
	} {
		var e *protocol.Error
		if err := test.do(); !errors.As(err, &e) || e.Code != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

func TestDuplicateIDIsRefused(t *testing.T) {
	c := newFakeServer(t, func(c *fakeConn) { c.greet(8); c.each(func(fakeMessage) {}) }).client(Options{})
	r := Request{ID: NumberID(5), Features: []float32{1}}
	if _, err := c.Submit(t.Context(), r, func(Prediction, error) {}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Submit(t.Context(), r, func(Prediction, error) {})
	var e *protocol.Error
	if !errors.As(err, &e) || e.Code != protocol.DuplicateRequestID {
		t.Errorf("got %v", err)
	}
}

func TestContextEndsARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan fakeMessage, 10)
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(1)
			c.each(func(m fakeMessage) {
				got <- m
				if m.Type == "cancel" {
					c.answer(m)
				}
			})
		}).client(Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := c.Predict(ctx, []float32{1}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if m := <-got; m.Deadline != 50 {
			t.Errorf("deadline_ms %v; expected the context's 50", m.Deadline)
		}
		if m := <-got; m.Type != "cancel" || string(m.ID) != "1" {
			t.Errorf("expected a cancel, got %+v", m)
		}
		synctest.Wait()
		// The connection is alive and the window of one is free again.
		ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := c.Submit(ctx, Request{Features: []float32{2}}, func(Prediction, error) {}); err != nil {
			t.Errorf("after a cancel: %v", err)
		}
	})
}

func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := newFakeServer(t, func(c *fakeConn) {
			c.greet(4)
			c.each(func(m fakeMessage) { <-release; c.answer(m) })
		}).client(Options{})
		done := make(chan error, 10)
		submit := func(rows int) {
			_, err := c.Submit(t.Context(), Request{Rows: make([][]float32, rows)}, func(_ Prediction, err error) { done <- err })
			if err != nil {
				t.Error(err)
			}
		}
		submit(3)
		admitted := false
		go func() { submit(2); admitted = true }()
		synctest.Wait()
		if admitted {
			t.Error("five rows in flight; the window is four")
		}
		release <- struct{}{}
		if err := <-done; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if !admitted {
			t.Error("room was not handed on")
		}
		close(release)
		<-done
	})
}

func TestFailWhenFull(t *testing.T) {
	c := newFakeServer(t, func(c *fakeConn) { c.greet(64); c.each(func(fakeMessage) {}) }).client(Options{Window: 1, FailWhenFull: true})
	if _, err := c.Submit(t.Context(), Request{Features: []float32{1}}, func(Prediction, error) {}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Predict(t.Context(), []float32{1})
	var e *protocol.Error
	if !errors.As(err, &e) || e.Code != protocol.Overloaded {
		t.Errorf("got %v", err)
	}
}
