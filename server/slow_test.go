package server_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/monitor"
	"penstock/protocol"
)

// TestSlowConsumer: a client that sends and never reads is stopped at a bound,
// and closed with 1008 when it has not read for 5 s; it finds whole frames and
// the close frame when it reads after all.
func TestSlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, rigid: true})
		healthy, w := r.connect("/ws/predict"), r.upgraded("/ws/predict")
		go func() {
			var err error
			for err == nil {
				_, err = w.Write(frame(fin|text, `{"features":`+r.row(7)+`,"detail":["scores"]}`))
			}
		}()
		for range 5 { // nothing is read meanwhile; the healthy client is served
			time.Sleep(time.Second)
			healthy.ask(r.request("2", 8), r.prediction("2", 8))
		}
		time.Sleep(300 * time.Millisecond)
		code, reason, texts := w.end()
		if code != 1008 || reason != "slow_consumer" {
			t.Errorf("closed with %d %s; want 1008 slow_consumer", code, reason)
		}
		for _, text := range texts {
			if !json.Valid([]byte(text)) {
				t.Fatalf("%q is half a frame", text)
			}
		}
		synctest.Wait()
		if l := r.Traffic(); l.Connections != 1 || l.Received > 1024+2*(256<<10)/200 {
			t.Errorf("ledger %+v; want one connection left, and no more requests than a window and 256 KiB of replies", l)
		}
		healthy.leave()
	})
}

// TestSlowConsumerOfErrors: refusals are no way around the bound.
func TestSlowConsumerOfErrors(t *testing.T) {
	for _, message := range []string{`nonsense`, `ping`, `{"type":"hello"}`, `{"type":"feedback","request_id":1,"label":1}`} {
		t.Run(message, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, setup{inMemory: true, rigid: true})
				w := r.upgraded("/ws/predict")
				n := 0
				for {
					if _, err := w.Write(frame(fin|text, message)); err != nil {
						break
					}
					n++
				}
				if n > 300_000 {
					t.Errorf("%d messages were taken from a client that reads nothing", n)
				}
				_ = w.Close()
			})
		})
	}
}

// TestSlowDashboardGetsTheNewest: frames that a dashboard has no time for are
// passed over, never queued.
func TestSlowDashboardGetsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, rigid: true})
		healthy, w := r.connect("/ws/dashboard"), r.upgraded("/ws/dashboard")
		others := make(chan uint64, 10)
		go func() {
			for {
				text, err := healthy.read()
				if err != nil {
					return
				}
				if m := decode[protocol.Metrics](t, text); m.Type == "metrics" {
					others <- m.Seq
				}
			}
		}()
		w.expect(`{"type":"history",…`)
		w.expect(`{"type":"presence",…`)
		time.Sleep(4500 * time.Millisecond) // the frame of the first second waits to be read
		first, second := w.metrics(), w.metrics()
		if first.Seq != 1 || second.Seq != 5 {
			t.Errorf("frames %d and %d; want 1, which was on its way, and 5, the newest", first.Seq, second.Seq)
		}
		for want := range uint64(5) { // the last may come in a later turn
			if seq := <-others; seq != want+1 {
				t.Fatalf("the other dashboard got frame %d; want %d", seq, want+1)
			}
		}
		_ = healthy.ws.CloseNow()
		_ = w.Close()
	})
}

// TestFullSocketGetsWholeFrames: what a real socket's buffers do not take in one
// write follows when the peer reads, and no frame is cut short.
func TestFullSocketGetsWholeFrames(t *testing.T) {
	long := named{&modeltest.Oracle{Features: 1}, strings.Repeat("m", 8<<10)} // for long frames
	r := start(t, setup{more: []model.Model{long}, monitor: func(o *monitor.Options) { o.Interval = time.Millisecond }})
	w := r.upgraded("/ws/dashboard")
	w.expect(`{"type":"history",…`)
	first := w.metrics().Seq
	follower, _ := r.monitor.Subscribe()
	defer follower.Close()
	for n := 0; n < 768<<10; { // more than the buffers of both ends hold
		u, err := follower.Next(t.Context())
		r.must(err)
		n += len(u.Encoded)
	}
	newest := r.monitor.State().Seq()
	seq, skipped := first, false
	for seq < newest {
		next := w.metrics().Seq // decoded: a frame cut short would not be
		if next <= seq {
			t.Fatalf("frame %d came after %d", next, seq)
		}
		skipped = skipped || next > seq+1
		seq = next
	}
	if !skipped {
		t.Error("every frame waited for the dashboard; want those passed over that its socket had no room for")
	}
	_ = w.Close()
}

// metrics reads up to the next metrics frame.
func (w *wire) metrics() (m protocol.Metrics) {
	w.t.Helper()
	for m.Type != "metrics" {
		_, payload, err := w.next()
		if err != nil {
			w.t.Fatal(err)
		}
		m = decode[protocol.Metrics](w.t, string(payload))
	}
	return m
}
