package inference

import (
	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/prometheus/client_golang/prometheus"
)

// bucketBounds are the upper bounds, in microseconds, of the buckets that
// Prometheus sees: 1-2-5 steps from 50 µs to 10 s.
var bucketBounds = [...]int64{
	50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 20e3, 50e3, 100e3, 200e3, 500e3, 1e6, 2e6, 5e6, 10e6,
}

// histogram turns a fine histogram in microseconds into Prometheus's few
// buckets in seconds, so that the hot path records each latency once only. A
// value counts in the bucket that holds the top of its fine bar.
func histogram(d *prometheus.Desc, h *hdrhistogram.Histogram) prometheus.Metric {
	buckets := make(map[float64]uint64, len(bucketBounds))
	var count uint64
	var sum float64
	bound := 0
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		for bound < len(bucketBounds) && bar.To > bucketBounds[bound] {
			buckets[float64(bucketBounds[bound])/1e6] = count
			bound++
		}
		count += uint64(bar.Count)
		sum += float64(bar.Count) * float64(bar.From+bar.To) / 2 / 1e6
	}
	for ; bound < len(bucketBounds); bound++ {
		buckets[float64(bucketBounds[bound])/1e6] = count
	}
	return prometheus.MustNewConstHistogram(d, count, sum, buckets)
}
