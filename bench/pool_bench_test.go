package bench_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"penstock/inference"
)

// BenchmarkPool drives the pool without sockets: an operation is one request of
// one row, from submission to reply, with 32 in flight on each stream.
func BenchmarkPool(b *testing.B) {
	for _, streams := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("model=small/streams=%d", streams), func(b *testing.B) {
			pool, err := inference.New(small(b), inference.Options{})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var running sync.WaitGroup
			running.Go(func() { _ = pool.Run(ctx) })
			b.ReportAllocs()
			b.ResetTimer()
			var feeding sync.WaitGroup
			for range streams {
				feeding.Go(func() { feed(b, pool, b.N/streams+1) })
			}
			feeding.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.StopTimer()
			cancel()
			running.Wait()
		})
	}
}

// returned is a sink that gives requests back to be sent again.
type returned chan *inference.Request

func (r returned) Reply(req *inference.Request) { r <- req }
func (r returned) Flush()                       {}

func feed(b *testing.B, pool *inference.Pool, requests int) {
	const inFlight = 32
	sink := make(returned, inFlight)
	stream := pool.Open(sink, inference.Share{})
	defer stream.Close()
	for range inFlight {
		sink <- &inference.Request{Features: make([]float32, pool.Spec().Features), Rows: 1}
	}
	for range requests {
		if err := stream.Submit(<-sink); err != nil {
			b.Error(err)
			return
		}
	}
	for range inFlight {
		<-sink
	}
}
