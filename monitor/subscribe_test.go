package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"penstock/monitor"
	"penstock/protocol"
)

// Fault 37.
func TestAFrameIsEncodedOnceForAThousandDashboards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const dashboards, seconds = 1000, 3
		w := newWorld(t, nil)
		var mu sync.Mutex
		encodings := make(map[*byte]int) // by the address of their first byte
		var wait sync.WaitGroup
		for range dashboards {
			s, _ := w.Subscribe()
			wait.Go(func() {
				defer s.Close()
				for range seconds {
					u, err := s.Next(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					encodings[&u.Encoded[0]]++
					mu.Unlock()
				}
			})
		}
		w.tick(seconds, nil)
		wait.Wait()
		if len(encodings) != seconds {
			t.Errorf("%d encodings in %d s", len(encodings), seconds)
		}
		for _, n := range encodings {
			if n != dashboards {
				t.Errorf("an encoding reached %d dashboards", n)
			}
		}
	})
}

func TestASlowDashboardGetsTheNewestFrameAndItsAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		s, _ := w.Subscribe()
		defer s.Close()
		w.queue(100, 10)
		w.queue(0, 10)
		for i, want := range []uint64{3, 15, 20} {
			u, err := s.Next(t.Context())
			if err != nil || u.Seq != want || (u.Alert != nil) != (i < 2) {
				t.Errorf("update %d: seq %d, %+v, %v", i, u.Seq, u.Alert, err)
			}
		}
		if frames, alerts := s.Missed(); frames != 19 || alerts != 0 {
			t.Errorf("missed %d frames, %d alerts", frames, alerts)
		}
	})
}

func TestAlertsBeyondTheBoundAreCountedAsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		s, _ := w.Subscribe()
		defer s.Close()
		for range 50 { // 100 alerts, 64 are kept
			w.queue(100, 3)
			w.queue(0, 5)
		}
		got := 0
		for {
			u, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if u.Metrics != nil {
				break
			}
			got++
		}
		if frames, alerts := s.Missed(); got != 64 || alerts != 36 || frames != 399 {
			t.Errorf("got %d alerts, missed %d and %d frames", got, alerts, frames)
		}
		if n := len(w.State().Recent()); n != 10 {
			t.Errorf("%d recent alerts", n)
		}
		if _, ok := w.State().Since(1); ok {
			t.Error("Since hides the lost alerts")
		}
	})
}

func TestSubscriptionGoesOnFromItsStateWithoutGapOrRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.tick(5, nil)
		s, state := w.Subscribe()
		defer s.Close()
		w.tick(1, nil)
		var history protocol.History
		if err := json.Unmarshal(state.History(), &history); err != nil || len(history.Points) != 5 {
			t.Fatalf("%d points, %v", len(history.Points), err)
		}
		if u, err := s.Next(t.Context()); err != nil || u.Seq != 6 {
			t.Errorf("first update %d, %v", u.Seq, err)
		}
	})
}

func TestWhatEndsNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		errs := make(chan error, 1)
		next := func(ctx context.Context, s *monitor.Subscription) {
			_, err := s.Next(ctx)
			errs <- err
		}
		expect := func(what string, want error) {
			t.Helper()
			if err := <-errs; !errors.Is(err, want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		s, _ := w.Subscribe()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		go next(ctx, s)
		expect("context", context.DeadlineExceeded)

		go next(t.Context(), s)
		synctest.Wait()
		s.Close()
		s.Close()
		expect("Close", monitor.ErrStopped)
		w.tick(1, nil)
		go next(t.Context(), s)
		expect("after Close", monitor.ErrStopped)

		s, _ = w.Subscribe()
		go next(t.Context(), s)
		synctest.Wait()
		w.end()
		expect("end of Run", monitor.ErrStopped)
		s, _ = w.Subscribe()
		go next(t.Context(), s)
		expect("after Run", monitor.ErrStopped)
		if err := w.Run(t.Context()); err == nil {
			t.Error("Run ran twice")
		}
	})
}
