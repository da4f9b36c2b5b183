//go:build amd64 || arm64

package onnx_test

import (
	"fmt"
	"testing"

	"penstock/model/onnx"
)

// BenchmarkPredict is to be compared with testdata/bench.py, which runs the same
// models in one process.
func BenchmarkPredict(b *testing.B) {
	for _, name := range []string{"mlp", "cnn"} {
		for _, rows := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/%d", name, rows), func(b *testing.B) {
				_, s := opened(b, name, func(o *onnx.Options) { o.Workers = 2 })
				features := make([]float32, rows*784)
				copy(features, floats(b, name+".rows"))
				scores := make([]float32, rows*10)
				for b.Loop() {
					if err := s.Predict(scores, features, rows); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
