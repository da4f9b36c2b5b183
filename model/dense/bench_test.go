package dense

import (
	"fmt"
	"testing"
)

// The shape of the digits bundle, with a row of which a fifth is not zero, as
// in a drawing.
func BenchmarkPredict(b *testing.B) {
	for _, k := range kernels() {
		n, err := build(classifier(784, 10), randomLayers(1, []int{784, 512, 256, 10}, ReLU, Softmax), 1, k)
		if err != nil {
			b.Fatal(err)
		}
		for _, rows := range []int{1, 8, 32, 64, 256} {
			b.Run(fmt.Sprintf("%s/rows=%d", k.name, rows), func(b *testing.B) {
				s, err := n.NewSession(rows)
				if err != nil {
					b.Fatal(err)
				}
				features, scores := make([]float32, rows*784), make([]float32, rows*10)
				for i := 0; i < len(features); i += 5 {
					features[i] = float32(i%251) / 250
				}
				b.ReportAllocs()
				for b.Loop() {
					if err := s.Predict(scores, features, rows); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
			})
		}
	}
}
