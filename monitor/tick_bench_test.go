package monitor

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"penstock/inference"
	"penstock/model"
)

// From the sources being read to the last dashboard holding the frame.
func BenchmarkTick(b *testing.B) {
	for _, dashboards := range []int{0, 1000} {
		b.Run(fmt.Sprintf("dashboards=%d", dashboards), func(b *testing.B) {
			m, err := New(Options{Pools: []Pool{busyPool{}}})
			if err != nil {
				b.Fatal(err)
			}
			m.before = m.read(reading{})
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
				if err := m.tick(); err != nil {
					b.Fatal(err)
				}
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
	m, err := New(Options{Pools: []Pool{busyPool{}}})
	if err != nil {
		b.Fatal(err)
	}
	m.before = m.read(reading{})
	for range 600 {
		if err := m.tick(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		fresh := &State{frames: m.State().frames}
		b.SetBytes(int64(len(fresh.History())))
	}
}

type busyPool struct{}

func (busyPool) Spec() model.Spec       { return model.Spec{Name: "digits", Version: "1"} }
func (busyPool) Stats() inference.Stats { return inference.Stats{Workers: 2, QueueLimit: 1000} }
func (busyPool) TakeLatencies(into *inference.Latencies) {
	for d := 100 * time.Microsecond; d < time.Second; d += d / 100 {
		_ = into.Total.RecordValue(d.Microseconds())
		_ = into.Queue.RecordValue(d.Microseconds() / 2)
	}
}
