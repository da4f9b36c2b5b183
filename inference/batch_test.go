package inference_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

func TestIdleWorkerRunsALoneRequestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &spy{Oracle: modeltest.Oracle{Features: 3, Classes: 4}}
		in := newInbox()
		s := start(t, m, inference.Options{}).Open(in, inference.Share{})
		defer s.Close()
		for nonce := range uint32(5) {
			began := time.Now()
			mustSubmit(t, s, m.rows(nonce, 1))
			r := <-in
			mustPredict(t, m, r)
			if waited := time.Since(began); waited != 0 || r.Result.Total != 0 || r.Result.BatchRows != 1 {
				t.Errorf("answered after %v (Total %v) in a batch of %d; want at once and alone", waited, r.Result.Total, r.Result.BatchRows)
			}
		}
	})
}

func TestBusyWorkerLetsTheBatchGrow(t *testing.T) {
	const maxBatch = 8
	for _, queued := range []int{1, 3, 8, 9, 30} {
		t.Run(fmt.Sprint(queued), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, in := newGate(), newInbox()
				m := &spy{Oracle: modeltest.Oracle{Features: 2}, predict: g.hold}
				s := start(t, m, inference.Options{Workers: 1, MaxBatch: maxBatch}).Open(in, inference.Share{})
				defer s.Close()

				mustSubmit(t, s, m.rows(0, 1))
				<-g.batches
				for i := range queued {
					mustSubmit(t, s, m.rows(uint32(i+1), 1))
				}
				g.release <- struct{}{}
				if got, want := len(<-g.batches), min(queued, maxBatch); got != want {
					t.Errorf("%d rows were waiting and the next batch has %d; want %d", queued, got, want)
				}
				g.open()
				for range queued + 1 {
					mustPredict(t, m, <-in)
				}
			})
		})
	}
}

func TestLargeRequestKeepsEveryWorkerBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, in := newGate(), newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 2}, predict: g.hold}
		s := start(t, m, inference.Options{Workers: 4, MaxBatch: 8}).Open(in, inference.Share{})
		defer s.Close()
		synctest.Wait() // all are idle

		mustSubmit(t, s, m.rows(0, 100))
		synctest.Wait()
		if busy := len(g.batches); busy != 4 {
			t.Errorf("%d workers run, and rows wait; want all 4", busy)
		}
		g.open()
		mustPredict(t, m, <-in)
	})
}

func TestBatchSizesAndTimesAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 2}}
		m.predict = func([]uint32) { time.Sleep(time.Second) } // the bubble's clock
		p := start(t, m, inference.Options{Workers: 1, MaxBatch: 4})
		s := p.Open(in, inference.Share{})
		defer s.Close()

		mustSubmit(t, s, m.rows(0, 1))
		synctest.Wait()
		time.Sleep(time.Second / 4)
		if busy := p.Stats().BusySeconds; busy != 0.25 {
			t.Errorf("busy for %v s a quarter of a second into a batch", busy)
		}
		mustSubmit(t, s, m.rows(1, 6)) // waits 3/4 s, then runs as 4 and 2 rows
		<-in
		r := <-in
		mustPredict(t, m, r)
		if r.Result.Queue != 750*time.Millisecond || r.Result.Compute != time.Second || r.Result.Total != 2750*time.Millisecond || r.Result.BatchRows != 2 {
			t.Errorf("queue %v, compute %v, total %v, %d rows; want 750ms, 1s, 2.75s, 2", r.Result.Queue, r.Result.Compute, r.Result.Total, r.Result.BatchRows)
		}
		synctest.Wait()
		if st := p.Stats(); st.Batches != 3 || st.BatchRows != 7 || st.RowsPredicted != 7 || st.BusySeconds != 3 {
			t.Errorf("%+v; want 3 batches, 7 rows, busy for 3 s", st)
		}
	})
}
