package monitor

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"penstock/inference"
)

// From the sources being read to the last dashboard holding the frame.
func BenchmarkTick(b *testing.B) {
	for _, c := range []struct{ models, dashboards int }{{1, 0}, {1, 1000}, {20, 0}} {
		dashboards := c.dashboards
		b.Run(fmt.Sprintf("models=%d/dashboards=%d", c.models, dashboards), func(b *testing.B) {
			m := busyMonitor(b, c.models)
			var got, end sync.WaitGroup
			subscriptions := make([]*Subscription, dashboards)
			for i := range subscriptions {
				s, _ := m.Subscribe()
				subscriptions[i] = s
				end.Go(func() {
					for {
						if _, err := s.Next(b.Context()); err != nil {
							return
						}
						got.Done()
					}
				})
			}
			b.ReportAllocs()
			for b.Loop() {
				got.Add(dashboards)
				m.tick()
				got.Wait()
			}
			for _, s := range subscriptions {
				s.Close()
			}
			end.Wait()
		})
	}
}

func BenchmarkHistory(b *testing.B) {
	m := busyMonitor(b, 1)
	for range 600 {
		m.tick()
	}
	b.ReportAllocs()
	for b.Loop() {
		fresh := &State{frames: m.State().frames}
		b.SetBytes(int64(len(fresh.History())))
	}
}

func busyMonitor(b *testing.B, models int) *Monitor {
	watched := make([]Watched, models)
	for i := range watched {
		watched[i] = Watched{Name: fmt.Sprint("model ", i), Version: "1", Pool: newBusyPool()}
	}
	m, err := New(Options{Models: func() []Watched { return watched }})
	if err != nil {
		b.Fatal(err)
	}
	m.begin()
	return m
}

// busyPool predicts between any two looks at it, at all latencies there are.
type busyPool struct {
	predicted uint64
	all       *inference.Latencies
}

func newBusyPool() *busyPool { return &busyPool{all: inference.NewLatencies()} }

func (p *busyPool) Stats() inference.Stats {
	p.predicted += 1000
	for d := 100 * time.Microsecond; d < time.Second; d += d / 100 {
		_ = p.all.Total.RecordValue(d.Microseconds())
		_ = p.all.Queue.RecordValue(d.Microseconds() / 2)
	}
	return inference.Stats{Workers: 2, QueueLimit: 1000, Predicted: p.predicted}
}

func (p *busyPool) Latencies(into *inference.Latencies) { into.Merge(p.all) }
