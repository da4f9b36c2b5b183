package server_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
	"penstock/server"
)

const goingAway = `{"type":"notice","code":"going_away","message":"…"}`

// drain begins to drain, and returns what waits for its end.
func (r *rig) drain(timeout time.Duration) (wait func() error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	ended := make(chan error, 1)
	go func() {
		defer cancel()
		ended <- r.Drain(ctx)
	}()
	synctest.Wait()
	return func() error { return <-ended }
}

// TestDrain: what was accepted is answered, what comes later is told draining,
// every socket is closed with 1001, and new ones are refused.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p, open := startHeld(t, oneByOne)
		idle, echo, dashboard := r.connect("/ws/predict"), r.connect("/ws/echo"), r.connect("/ws/dashboard")
		dashboard.expect(`{"type":"history",…`)
		response, _ := r.get("/readyz")
		if response.StatusCode != 200 {
			t.Fatalf("not ready: %s", response.Status)
		}
		wait := r.drain(time.Minute)
		p.expect(goingAway)
		idle.expect(goingAway)
		p.ask(r.request("3", 3), `{"type":"error","request_id":3,"code":"draining","message":"…","retryable":true}`)
		idle.ask(r.request("1", 3), `{"type":"error","request_id":1,"code":"draining",…}`)
		response, body := r.get("/readyz")
		mustProblem(t, response, body, 503, "draining")
		if response, _ := r.get("/livez"); response.StatusCode != 200 {
			t.Errorf("livez: %s", response.Status)
		}
		for _, path := range []string{"/ws/predict", "/ws/dashboard", "/ws/echo"} {
			response, body := r.open().handshake(fmt.Sprintf(upgrade, path))
			mustProblem(t, response, body, 503, "try_again_later")
		}
		open()
		p.expect(r.prediction("1", 1001))
		p.expect(r.prediction("2", 2))
		for _, p := range []*peer{p, idle, echo, dashboard} {
			p.expectClose(1001, "the server is going away")
		}
		if err := wait(); err != nil {
			t.Error(err)
		}
		if l := r.Traffic(); l.Predicted != 2 || l.Errors != 2 || l.Undeliverable != 0 {
			t.Errorf("ledger %+v; want 2 predicted and 2 told draining", l)
		}
	})
}

// TestDrainRefusesForEveryModel at once, however long one of them takes.
func TestDrainRefusesForEveryModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := gate()
		r := start(t, setup{oracle: o, pool: oneByOne, inMemory: true, more: []model.Model{named{&modeltest.Oracle{Features: 1}, "second"}}})
		p := r.connect("/ws/predict")
		p.ask(`{"features":[5],"model":"second","request_id":1}`, `{"type":"prediction","request_id":1,…}`)
		p.send(r.request("1", 1001))
		synctest.Wait()
		wait := r.drain(time.Minute)
		p.expect(goingAway)
		p.ask(`{"features":[5],"model":"second","request_id":2}`, typedError("2", "draining"))
		open()
		p.expect(r.prediction("1", 1001))
		p.expectClose(1001, "…")
		if err := wait(); err != nil {
			t.Error(err)
		}
	})
}

// TestDrainEndsWithHostilePeers: neither a stalled frame, nor a peer that never
// reads, nor one that ignores the close frame, holds it up.
func TestDrainEndsWithHostilePeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, rigid: true, server: func(o *server.Options) { o.GoodbyeSpread = 500 * time.Millisecond }})
		healthy := r.connect("/ws/predict")
		for _, path := range []string{"/ws/predict", "/ws/dashboard", "/ws/echo"} {
			stalled := r.upgraded(path)
			stalled.mustWrite(header(fin|text, 100), []byte("{"))
			go stalled.end()
			deaf := r.upgraded(path)
			go func() {
				var err error
				for err == nil {
					_, err = deaf.Write(frame(fin|text, "ping"))
				}
			}()
			stubborn := r.upgraded(path)
			go stubborn.end()
			go func() {
				var err error
				for err == nil {
					_, err = stubborn.Write(frame(fin|text, `{"features":[1,2,3]}`))
					time.Sleep(10 * time.Millisecond)
				}
			}()
		}
		silent := r.open()
		// Until the deaf are held back: thrown away while the server leaves, what
		// they write without a pause would let no time pass in here.
		synctest.Wait()
		began := time.Now()
		wait := r.drain(20 * time.Second)
		healthy.expect(goingAway)
		healthy.expectClose(1001, "…")
		if err := wait(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("the drain took %v", took)
		}
		_ = silent.Close()
	})
}

// TestDrainGivesUp on a model that does not answer in time: the clients are told
// draining, and then 1001, within the time.
func TestDrainGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := gate()
		opt := inference.Options{Workers: 1, MaxBatch: 1, HangTimeout: time.Hour}
		r := start(t, setup{oracle: o, pool: opt, inMemory: true})
		p, idle := r.connect("/ws/predict"), r.connect("/ws/predict")
		p.send(r.request("1", 1001))
		p.send(r.request("2", 2))
		synctest.Wait()
		began := time.Now()
		wait := r.drain(5 * time.Second)
		p.expect(goingAway)
		p.expect(`{"type":"error","request_id":1,"code":"draining",…`)
		p.expect(`{"type":"error","request_id":2,"code":"draining",…`)
		p.expectClose(1001, "…")
		idle.expectClose(1001, "…")
		if err := wait(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("giving up took %v", took)
		}
		if l := r.Traffic(); l.Errors != 2 {
			t.Errorf("ledger %+v; want 2 told draining", l)
		}
		open()
	})
}
