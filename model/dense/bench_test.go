package dense

import (
	"fmt"
	"testing"
)

// Two networks: the shape of the digits bundle, whose weights fill a core's
// second-level cache, and one whose weights fit into the first.
//
// Compare kernels within one run: on a shared machine the runs differ.
func BenchmarkDense(b *testing.B) {
	for _, k := range kernels() {
		for _, widths := range [][]int{{784, 512, 256, 10}, {64, 128, 64, 10}} {
			n, err := build(classifier(widths[0], 10), randomLayers(1, widths, ReLU, Softmax), 1, k)
			if err != nil {
				b.Fatal(err)
			}
			for _, rows := range []int{1, 8, 32, 64, 256} {
				b.Run(fmt.Sprintf("kernel=%s/inputs=%d/batch=%d", k.name, widths[0], rows), func(b *testing.B) {
					benchmark(b, n, widths, rows)
				})
			}
		}
	}
}

func benchmark(b *testing.B, n *Network, widths []int, rows int) {
	s, err := n.NewSession(rows)
	if err != nil {
		b.Fatal(err)
	}
	features, scores := make([]float32, rows*widths[0]), make([]float32, rows*10)
	for i := range features {
		features[i] = float32(i%251) / 250
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Predict(scores, features, rows); err != nil {
			b.Fatal(err)
		}
	}
	work := 0 // multiplications and additions for one row
	for i := range widths[1:] {
		work += 2 * widths[i] * widths[i+1]
	}
	perSecond := float64(b.N*rows) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "rows/s")
	b.ReportMetric(perSecond*float64(work)/1e9, "GFLOP/s")
}
