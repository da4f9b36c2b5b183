package server_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"penstock/inference"
)

// TestHalfOpenLeavesNoRequests: what a vanished peer had asked for is counted
// as undeliverable.
func TestHalfOpenLeavesNoRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := gate()
		opt := oneByOne
		opt.HangTimeout = time.Hour
		r := start(t, setup{oracle: o, pool: opt, inMemory: true})
		w := r.upgraded("/ws/predict")
		w.mustWrite(frame(fin|text, r.request("1", 1001)), frame(fin|text, r.request("2", 2)))
		if _, _, texts := w.end(); len(texts) > 0 {
			t.Errorf("received %q", texts)
		}
		synctest.Wait()
		if l := r.Traffic(); l.Undeliverable != 2 || l.Connections != 0 {
			t.Errorf("ledger %+v; want 2 undeliverable, and no connection", l)
		}
		open()
	})
}

// TestQuietPeersStay: whoever answers pings, or sends now and then, is kept.
func TestQuietPeersStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		began := time.Now()
		answering, sending := r.upgraded("/ws/predict"), r.connect("/ws/predict")
		go func() {
			for {
				op, payload, err := answering.next()
				if err != nil {
					return
				}
				if op == pinging {
					_, _ = answering.Write(frame(fin|answered, string(payload)))
				}
			}
		}()
		for time.Since(began) < 10*time.Minute {
			time.Sleep(24 * time.Second)
			sending.ask("ping", "pong")
		}
		if n := r.Traffic().Connections; n != 2 {
			t.Errorf("%d connections are left; want 2", n)
		}
		sending.leave()
		_ = answering.Close()
	})
}

// TestWaitingForTheServerIsNoSilence: a client whose window is full is not read
// for as long as the model takes. That is no reason to hang up on it.
func TestWaitingForTheServerIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p, open := startHeld(t, inference.Options{Workers: 1, MaxBatch: 1, Window: 2, HangTimeout: time.Hour})
		p.send(r.request("3", 3))
		go func() { // nobody reads it yet
			_ = p.ws.Write(context.Background(), websocket.MessageText, []byte(r.request("4", 4)))
		}()
		time.Sleep(5 * time.Minute)
		open()
		p.expect(r.prediction("1", 1001))
		p.expect(r.prediction("2", 2))
		p.expect(r.prediction("3", 3))
		p.expect(r.prediction("4", 4))
		p.leave()
	})
}
