package trees

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Two forests: one of 500 small trees, as boosting makes them, and one of 100 that
// were grown until their leaves were pure, of 700,000 nodes. Compare kernels within
// one run: on a shared machine the runs differ.
func BenchmarkPredict(b *testing.B) {
	forests := map[string]*Forest{
		"boosted": growth{trees: 500, depth: 6, features: 32, sums: 1, full: 1, missing: true}.forest(1),
		"deep":    growth{trees: 100, depth: 50, features: 32, sums: 1, full: 1, nodes: 3500}.forest(1),
	}
	for _, name := range []string{"boosted", "deep"} {
		for _, k := range kernels() {
			f := forests[name]
			if l, _ := k.compile(f); l == nil {
				continue
			}
			m, err := build(spec(f), f, 1, []kernel{k})
			if err != nil {
				b.Fatal(err)
			}
			for _, rows := range []int{1, 8, 64} {
				b.Run(fmt.Sprintf("%s/%s/rows=%d", name, k.name, rows), func(b *testing.B) { benchmark(b, m, rows) })
			}
		}
	}
}

// benchmark predicts other rows each time, so that no branch is foreseen.
func benchmark(b *testing.B, m *Model, rows int) {
	const batches = 64
	random := rand.New(rand.NewPCG(1, 1))
	in := m.Spec().Features
	features := make([]float32, batches*rows*in)
	for i := range features {
		if features[i] = float32(random.NormFloat64()); random.IntN(20) == 0 {
			features[i] = float32(math.NaN())
		}
	}
	s, err := m.NewSession(rows)
	if err != nil {
		b.Fatal(err)
	}
	scores := make([]float32, rows*m.Spec().Width())
	at := 0
	for b.Loop() {
		if err := s.Predict(scores, features[at*rows*in:][:rows*in], rows); err != nil {
			b.Fatal(err)
		}
		at = (at + 1) % batches
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows)/1000, "µs/row")
}
