package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

// gate is an oracle whose rows from nonce 1000 on wait until it is opened.
func gate() (o *modeltest.Oracle, open func()) {
	held := make(chan struct{})
	o = &modeltest.Oracle{Features: 3, Classes: 10, OnRow: func(nonce uint32) modeltest.Fate {
		if nonce < 1000 {
			return modeltest.Fate{}
		}
		return modeltest.Fate{Wait: held}
	}}
	return o, func() { close(held) }
}

// oneByOne has one worker run one row at a time: who is queued stays queued.
var oneByOne = inference.Options{Workers: 1, MaxBatch: 1}

// startHeld starts a rig in a bubble whose one worker holds request 1 of a new
// peer, while its request 2 waits.
func startHeld(t *testing.T, opt inference.Options) (r *rig, p *peer, open func()) {
	o, open := gate()
	r = start(t, setup{oracle: o, pool: opt, inMemory: true})
	p = r.connect("/ws/predict")
	p.send(r.request("1", 1001))
	p.send(r.request("2", 2))
	synctest.Wait()
	return r, p, open
}

// TestCancelCrossesPrediction: a request has one answer, however late a cancel
// for it comes.
func TestCancelCrossesPrediction(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict")
	p.ask(r.request("1", 1), r.prediction("1", 1))
	p.send(`{"type":"cancel","request_id":1}`)
	p.ask("ping", "pong") // and nothing before it
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p, open := startHeld(t, oneByOne)
		p.ask(`{"type":"cancel","request_id":2}`, typedError("2", "cancelled"))
		p.ask(`{"type":"cancel","request_id":1}`, typedError("1", "cancelled"))
		p.ask(`{"type":"cancel","request_id":1}`, typedError("1", "unknown_request"))
		r.connect("/ws/predict").ask(`{"type":"cancel","request_id":1}`, typedError("1", "unknown_request"))
		p.send(r.request("1", 3)) // the id is free again
		open()
		p.expect(r.prediction("1", 3))
		p.ask(r.request("9", 9), r.prediction("9", 9)) // and the cancelled ones are not answered again
		synctest.Wait()                                // a reply may be read a moment before it is counted
		if l := r.Traffic(); l.Predicted != 2 || l.Errors != 2 {
			t.Errorf("ledger %+v; want 2 predictions and 2 errors", l)
		}
		p.leave()
	})
}

func TestDuplicateIDInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p, open := startHeld(t, oneByOne)
		p.ask(r.request("1", 5), typedError("1", "duplicate_request_id"))
		p.ask(r.request("2", 5), typedError("2", "duplicate_request_id"))
		p.send(r.request(`"1"`, 6)) // a string is another id than a number
		p.send(r.request("null", 7))
		p.send(r.request("null", 8)) // no id is no duplicate
		r.connect("/ws/predict").send(r.request("1", 4))
		open()
		p.expect(r.prediction("1", 1001))
		p.expect(r.prediction("2", 2))
		p.expect(r.prediction(`"1"`, 6))
		p.expect(r.prediction("null", 7))
		p.expect(r.prediction("null", 8))
		p.ask(r.request("1", 5), r.prediction("1", 5)) // answered: free again
		p.leave()
	})
}

// TestDeadline: a model that hangs delays nobody's deadline, neither that of
// the request it has nor of those behind; its worker is counted as stuck, the
// queue sheds, and without a deadline the pool gives up by itself.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := gate()
		r := start(t, setup{oracle: o, inMemory: true, pool: inference.Options{
			Workers: 1, MaxBatch: 1, Window: 3, QueueRows: 3, HangTimeout: 10 * time.Second,
		}})
		p, other := r.connect("/ws/predict"), r.connect("/ws/predict")
		began := time.Now()
		p.send(`{"features":` + r.row(1001) + `,"request_id":1,"deadline_ms":50}`)
		p.send(r.fill(`{"features":«2»,"request_id":2,"deadline_ms":100.5}`))
		p.expect(typedError("1", "deadline_exceeded"))
		if took := time.Since(began); took < 50*time.Millisecond || took > 60*time.Millisecond {
			t.Errorf("the running request expired after %v; want 50 ms", took)
		}
		p.expect(typedError("2", "deadline_exceeded"))
		if took := time.Since(began); took < 100*time.Millisecond || took > 111*time.Millisecond {
			t.Errorf("the queued request expired after %v; want 100 ms", took)
		}
		for _, id := range []string{"3", "4", "5"} {
			p.send(r.request(id, 2))
		}
		synctest.Wait()
		other.ask(r.request("1", 3), `{"type":"error","request_id":1,"code":"overloaded","message":"…","retryable":true,"retry_after_ms":#}`)
		for _, id := range []string{"3", "4", "5"} {
			p.expect(typedError(id, "deadline_exceeded"))
		}
		if took := time.Since(began); took < 10*time.Second || took > 12*time.Second {
			t.Errorf("the pool gave up after %v; want 10 to 12 s", took)
		}
		if n := r.pools[0].Stats().StuckWorkers; n != 1 {
			t.Errorf("%d workers are stuck; want 1", n)
		}
		open()
		p.ask(r.request("6", 6), r.prediction("6", 6))
		synctest.Wait() // a reply may be read a moment before it is counted
		if l := r.Traffic(); l.Shed != 1 || l.Predicted != 1 || l.Errors != 5 {
			t.Errorf("ledger %+v; want 1 shed, 1 predicted and 5 errors", l)
		}
		p.leave()
		other.leave()
	})
}

// TestLeavingInMidBatch: what waited for a client that left is never run, what
// ran is counted as undeliverable, and the next client gets the worker.
func TestLeavingInMidBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p, open := startHeld(t, oneByOne)
		healthy := r.connect("/ws/predict")
		healthy.send(r.request("1", 7))
		synctest.Wait()
		_ = p.ws.CloseNow()
		synctest.Wait()
		if s, l := r.pools[0].Stats(), r.Traffic(); s.QueueRows != 1 || l.Undeliverable != 2 || l.Connections != 1 {
			t.Errorf("stats %+v, ledger %+v; want only the healthy client's row queued, and 2 undeliverable", s, l)
		}
		open()
		healthy.expect(r.prediction("1", 7))
		if s := r.pools[0].Stats(); s.BatchRows != 2 {
			t.Errorf("%d rows were run; want 2: the one that ran already and the healthy client's", s.BatchRows)
		}
		healthy.leave()
	})
}

// TestOverload: beyond the queue requests are shed at once, those within it
// are answered, and the window of one client leaves room for another.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p, open := startHeld(t, inference.Options{Workers: 1, MaxBatch: 1, Window: 4, QueueRows: 4})
		p.send(r.request("3", 3))
		p.send(r.request("4", 4)) // the window is full: three wait and one runs
		other := r.connect("/ws/predict")
		other.send(r.request("1", 5))
		synctest.Wait()
		began := time.Now()
		for range 100 {
			other.ask(r.request("2", 5), `{"type":"error","request_id":2,"code":"overloaded","message":"…","retryable":true,"retry_after_ms":#}`)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("sheds waited for %v; want none", took)
		}
		open()
		other.expect(r.prediction("1", 5))
		p.expect(r.prediction("1", 1001))
		p.expect(r.prediction("2", 2))
		p.expect(r.prediction("3", 3))
		p.expect(r.prediction("4", 4))
		synctest.Wait() // a reply may be read a moment before it is counted
		if l := r.Traffic(); l.Shed != 100 || l.Predicted != 5 {
			t.Errorf("ledger %+v; want 100 shed and 5 predicted", l)
		}
		p.leave()
		other.leave()
	})
}
