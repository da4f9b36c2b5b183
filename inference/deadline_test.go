package inference_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

// within gives r a deadline.
func within(d time.Duration, r *inference.Request) *inference.Request {
	r.Deadline = d
	return r
}

func TestRequestExpiresOnTimeWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		s := start(t, m, inference.Options{Workers: 1}).Open(in, inference.Share{})
		defer s.Close()
		mustSubmit(t, s, m.rows(0, 1))
		<-g.batches
		began := time.Now()
		// Not in the order of their deadlines.
		for _, ms := range []time.Duration{30, 10, 20, 10} {
			mustSubmit(t, s, within(ms*time.Millisecond, m.rows(1, 1)))
		}
		for _, ms := range []time.Duration{10, 10, 20, 30} {
			r := <-in
			mustEnd(t, r, inference.Expired)
			if took := time.Since(began); took != ms*time.Millisecond || r.Result.Total != took || !r.Reusable() {
				t.Errorf("expired after %v (Total %v, reusable %t); want %v", took, r.Result.Total, r.Reusable(), ms*time.Millisecond)
			}
		}
		g.open()
		mustPredict(t, m, <-in)
		synctest.Wait()
		if n := len(g.batches); n != 0 {
			t.Errorf("%d more batches ran; want none, since all have expired", n)
		}
	})
}

func TestRequestExpiresOnTimeWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		p := start(t, m, inference.Options{Workers: 1})
		s := p.Open(in, inference.Share{})
		defer s.Close()
		began := time.Now()
		mustSubmit(t, s, within(time.Second, m.rows(1, 2)))
		r := <-in
		mustEnd(t, r, inference.Expired)
		if took := time.Since(began); took != time.Second {
			t.Errorf("expired after %v; want 1 s", took)
		}
		if r.Reusable() {
			t.Error("the request says that it may be reused; its worker still has it")
		}
		g.open()
		mustSubmit(t, s, m.rows(3, 1))
		mustPredict(t, m, <-in)
		synctest.Wait()
		mustBeQuiet(t, in) // the late result is dropped
	})
}

func TestResultAtTheDeadlineIsLate(t *testing.T) {
	for _, early := range []time.Duration{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			in := newInbox()
			m := &spy{Oracle: modeltest.Oracle{Features: 1}}
			m.predict = func([]uint32) { time.Sleep(time.Second - early) } // the bubble's clock
			s := start(t, m, inference.Options{Workers: 1}).Open(in, inference.Share{})
			defer s.Close()
			mustSubmit(t, s, within(time.Second, m.rows(1, 1)))
			want := inference.Expired
			if early > 0 {
				want = inference.Predicted
			}
			mustEnd(t, <-in, want)
			synctest.Wait()
			mustBeQuiet(t, in)
		})
	}
}

func TestExpiredAndLiveRowsOfOneStreamAreBothFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &spy{Oracle: modeltest.Oracle{Features: 1}}
		p, err := inference.New(m, inference.Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		out := new(outbox)
		s := p.Open(out, inference.Share{})
		mustSubmit(t, s, within(time.Second, m.rows(1, 1)), m.rows(2, 1))
		time.Sleep(time.Second) // nobody runs the pool yet
		stop := runFor(t, p)
		synctest.Wait()
		if out.replies != 2 || out.unflushed != 0 {
			t.Errorf("%d replies, %d of them not flushed; want 2 and 0", out.replies, out.unflushed)
		}
		stop()
	})
}

func TestDeadlineCountsWhileTheWindowIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
		s := start(t, m, inference.Options{Workers: 1, Window: 1}).Open(in, inference.Share{})
		defer s.Close()
		mustSubmit(t, s, m.rows(0, 1))
		go func() {
			time.Sleep(3 * time.Second) // the bubble's clock
			g.open()
		}()
		mustSubmit(t, s, within(time.Second, m.rows(1, 1)))
		mustPredict(t, m, <-in)
		r := <-in
		mustEnd(t, r, inference.Expired)
		if r.Result.Total != 3*time.Second {
			t.Errorf("Total is %v; want the 3 s since Submit was called", r.Result.Total)
		}
	})
}

func TestDeadlineCountsFromArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1}}
		s := start(t, m, inference.Options{Workers: 1}).Open(in, inference.Share{})
		defer s.Close()
		came := time.Now()
		time.Sleep(time.Second)
		for deadline, want := range map[time.Duration]inference.Outcome{
			time.Second: inference.Expired, 2 * time.Second: inference.Predicted,
		} {
			r := within(deadline, m.rows(1, 1))
			r.Arrived = came
			mustSubmit(t, s, r)
			answered := <-in
			mustEnd(t, answered, want)
			if answered.Result.Total != time.Second || !answered.Result.Answered.Equal(time.Now()) {
				t.Errorf("answered at %v after %v; want now, 1 s after it came", answered.Result.Answered, answered.Result.Total)
			}
		}
	})
}

func TestHangingEngine(t *testing.T) {
	const hang, maxBatch = 8 * time.Second, 2
	for _, rows := range []int{maxBatch, maxBatch + 1} { // all of them run, or one waits
		t.Run(fmt.Sprintf("%d rows", rows), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { hangAndRecover(t, rows, maxBatch, hang) })
		})
	}
}

func hangAndRecover(t *testing.T, rows, maxBatch int, hang time.Duration) {
	g, in := newGate(), newInbox()
	m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
	p := start(t, m, inference.Options{Workers: 1, MaxBatch: maxBatch, HangTimeout: hang})
	s := p.Open(in, inference.Share{})
	defer s.Close()
	began := time.Now()
	mustSubmit(t, s, m.rows(0, rows))
	mustSubmit(t, s, m.rows(3, 1))
	for range 2 {
		mustEnd(t, <-in, inference.Expired)
		if took := time.Since(began); took < hang || took > hang+hang/8 {
			t.Errorf("given up after %v; want %v to %v", took, hang, hang+hang/8)
		}
	}
	if st := p.Stats(); st.StuckWorkers != 1 || st.InFlight != 0 || st.QueueRows != 0 {
		t.Errorf("%+v; want 1 stuck worker and nothing in flight", st)
	}

	mustSubmit(t, s, m.rows(5, 1))
	g.open()
	mustPredict(t, m, <-in) // the worker is back
	synctest.Wait()
	mustBeQuiet(t, in)
	if st := p.Stats(); st.StuckWorkers != 0 || st.Expired != 2 || st.Predicted != 1 {
		t.Errorf("%+v; want none stuck, 2 expired, 1 predicted", st)
	}
}

// A request that is submitted anew while the batch that it was in before is
// still being delivered must not be taken for a part of that batch.
func TestReusedRequestIsNotOfItsOldBatch(t *testing.T) {
	const hang = 8 * time.Second
	synctest.Test(t, func(t *testing.T) {
		m := &spy{Oracle: modeltest.Oracle{Features: 1}}
		m.predict = func([]uint32) { time.Sleep(hang - time.Millisecond) } // the bubble's clock
		p := start(t, m, inference.Options{Workers: 1, HangTimeout: hang})
		replies, goOn := newInbox(), make(chan struct{})
		s := p.Open(sinkFunc(func(r *inference.Request) {
			replies <- r
			<-goOn // sinks should not block; this one stretches the moment
		}), inference.Share{})
		defer s.Close()
		r := m.rows(1, 1)
		mustSubmit(t, s, r)
		mustPredict(t, m, <-replies)
		mustSubmit(t, s, r)
		time.Sleep(hang / 2) // the old batch began more than hang ago
		mustBeQuiet(t, replies)
		close(goOn)
		mustPredict(t, m, <-replies)
	})
}
