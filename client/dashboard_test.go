package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func (s *fakeServer) dashboard(o Options) *Dashboard {
	s.t.Helper()
	o.DialContext = s.dial
	d, err := DialDashboard(context.Background(), "ws://penstock.test", o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestDashboard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeServer(t, func(c *fakeConn) {
			if c.request.URL.Path != "/ws/dashboard" {
				t.Errorf("path %q", c.request.URL.Path)
			}
			c.send(`{"type":"history","points":[{"seq":1},{"seq":2}]}`)
			c.send(`{"type":"presence","watching":3}`)
			c.send(`{"type":"metrics","seq":3,"model_accuracy":null,"labelled":0}`)
			c.send(`{"type":"alert","severity":"warning","state":"firing","value":2}`)
			if c.n == 2 {
				_ = c.ws.Close(1008, "enough")
			}
		}).dashboard(Options{})
		var points, metrics, alerts int
		var errs []*ConnError
		for frame, err := range d.Frames(t.Context()) {
			var e *ConnError
			switch {
			case errors.As(err, &e):
				errs = append(errs, e)
			case frame.History != nil:
				points += len(frame.History.Points)
			case frame.Metrics != nil && frame.Metrics.Seq == 3 && frame.Metrics.ModelAccuracy == nil:
				metrics++
			case frame.Alert != nil && frame.Alert.Severity == "warning":
				alerts++
			}
		}
		if points != 4 || metrics != 2 || alerts != 2 {
			t.Errorf("got %d points, %d metrics, %d alerts", points, metrics, alerts)
		}
		if len(errs) != 2 || errs[0].Final || !errs[1].Final || errs[1].CloseCode != 1008 {
			t.Errorf("errors %v", errs)
		}
	})
}

func TestSilentDashboardIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeServer(t, (*fakeConn).idle).dashboard(Options{NoReconnect: true})
		start := time.Now()
		for _, err := range d.Frames(t.Context()) {
			if err == nil {
				t.Error("a frame from nowhere")
			}
		}
		if d := time.Since(start); d != 35*time.Second {
			t.Errorf("lost after %v", d)
		}
	})
}

func TestFramesEndWithTheContextAndWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, (*fakeConn).idle)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range s.dashboard(Options{}).Frames(ctx) {
			t.Error("a frame from nowhere")
		}
		d := s.dashboard(Options{})
		time.AfterFunc(time.Second, func() { _ = d.Close() })
		for range d.Frames(t.Context()) {
			t.Error("a frame from nowhere")
		}
	})
}

func TestCloseEndsAPauseOfTheDashboard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeServer(t, func(*fakeConn) {}).dashboard(Options{BackoffMin: 1000 * time.Hour, BackoffMax: 1000 * time.Hour})
		start := time.Now()
		time.AfterFunc(time.Millisecond, func() { _ = d.Close() })
		lost := 0
		for range d.Frames(t.Context()) {
			lost++
		}
		if lost != 1 {
			t.Errorf("lost %d times", lost)
		}
		if d := time.Since(start); d > time.Millisecond {
			t.Errorf("it took %v", d)
		}
	})
}
