package inference_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
)

// done is a sink that ends a WaitGroup's wait.
type done struct{ sync.WaitGroup }

func (d *done) Reply(*inference.Request) { d.Done() }
func (d *done) Flush()                   {}

func TestRequestsAllocateNothing(t *testing.T) {
	cases := []struct {
		name     string
		requests int
		deadline time.Duration
	}{{"alone", 1, 0}, {"many", 100, 0}, {"with deadlines", 100, time.Minute}}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := &spy{Oracle: modeltest.Oracle{Features: 8, Classes: 4}}
			p := start(t, &m.Oracle, inference.Options{Workers: 2, MaxBatch: 16})
			var replies done
			s := p.Open(&replies, inference.Share{})
			defer s.Close()
			var all []*inference.Request
			for i := range c.requests {
				all = append(all, within(c.deadline, m.rows(uint32(i), 1+i%3)))
			}
			run := func() {
				replies.Add(len(all))
				for _, r := range all {
					if err := s.Submit(r); err != nil {
						t.Error(err)
					}
				}
				replies.Wait()
			}
			for range 20 { // scratch memory finds its size
				run()
			}
			if n := testing.AllocsPerRun(200, run); n != 0 {
				t.Errorf("%v allocations for %d requests; want none", n, c.requests)
			}
		})
	}
}

// recycled is a sink that hands requests back to its submitter.
type recycled chan *inference.Request

func (c recycled) Reply(r *inference.Request) { c <- r }
func (c recycled) Flush()                     {}

// BenchmarkPool measures from Submit to Reply with rows that cost the model
// next to nothing: the pool's own cost. Each stream keeps 64 requests of one
// row in flight; a caller has as many streams as another.
func BenchmarkPool(b *testing.B) {
	const inFlight = 64
	for _, c := range []struct{ streams, callers int }{{1, 1}, {16, 1}, {64, 1}, {64, 64}, {128, 128}} {
		streams := c.streams
		b.Run(fmt.Sprintf("streams=%d/callers=%d", streams, c.callers), func(b *testing.B) {
			m := &spy{Oracle: modeltest.Oracle{Features: 8, Classes: 4}}
			p := start(b, &m.Oracle, inference.Options{})
			free := make([]recycled, streams)
			opened := make([]*inference.Stream, streams)
			for i := range streams {
				free[i] = make(recycled, inFlight)
				for range inFlight {
					free[i] <- m.rows(uint32(i), 1)
				}
				opened[i] = p.Open(free[i], inference.Share{Name: fmt.Sprint(i % c.callers)})
				defer opened[i].Close()
			}
			b.ReportAllocs()
			b.ResetTimer()
			var submitters sync.WaitGroup
			for i := range streams {
				share := b.N / streams
				if i < b.N%streams {
					share++
				}
				submitters.Go(func() {
					for range share {
						if err := opened[i].Submit(<-free[i]); err != nil {
							b.Error(err)
						}
					}
					for range inFlight { // all back: the last is answered
						<-free[i]
					}
				})
			}
			submitters.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			st := p.Stats()
			b.ReportMetric(float64(st.BatchRows)/float64(max(1, st.Batches)), "rows/batch")
		})
	}
}

// BenchmarkPoolLone measures one request at a time: the latency of an idle
// pool.
func BenchmarkPoolLone(b *testing.B) {
	m := &spy{Oracle: modeltest.Oracle{Features: 8, Classes: 4}}
	p := start(b, &m.Oracle, inference.Options{})
	var replies done
	s := p.Open(&replies, inference.Share{})
	defer s.Close()
	r := m.rows(1, 1)
	b.ReportAllocs()
	for b.Loop() {
		replies.Add(1)
		if err := s.Submit(r); err != nil {
			b.Fatal(err)
		}
		replies.Wait()
	}
}

// BenchmarkPoolLead measures a lone request that its submitter runs itself.
func BenchmarkPoolLead(b *testing.B) {
	m := &spy{Oracle: modeltest.Oracle{Features: 8, Classes: 4}}
	p := start(b, &m.Oracle, inference.Options{})
	replies := newInbox()
	s := p.Open(replies, inference.Share{})
	defer s.Close()
	r := m.rows(1, 1)
	mustSubmit(b, s, r) // from which the pool knows how long a batch takes
	<-replies
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Lead(r); err != nil {
			b.Fatal(err)
		}
		<-replies
	}
}
