package conformal_test

import (
	"math/rand/v2"
	"testing"

	"penstock/quality/conformal"
)

// BenchmarkAdd lets labels into a full window with eight levels.
func BenchmarkAdd(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	w := conformal.New()
	x := make([]float32, 1<<14)
	for i := range x {
		x[i] = r.Float32()
		w.Add(x[i])
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		w.Add(x[i&(1<<14-1)])
		i++
	}
}

// BenchmarkMembers makes the sets of sure rows and of ones that are not.
func BenchmarkMembers(b *testing.B) {
	for name, sure := range map[string]float32{"sure": 0.99, "unsure": 0.3} {
		for _, classes := range []int{10, 100} {
			b.Run(name+map[int]string{10: "/10 classes", 100: "/100 classes"}[classes], func(b *testing.B) {
				rows := make([][]float32, 256)
				r := rand.New(rand.NewPCG(1, 2))
				for i := range rows {
					rows[i] = make([]float32, classes)
					for k := range rows[i] {
						rows[i][k] = (1 - sure) * r.Float32() / float32(classes)
					}
					rows[i][r.IntN(classes)] = sure
				}
				b.ReportAllocs()
				set := make([]uint16, 0, classes)
				i := 0
				for b.Loop() {
					set = conformal.Members(set[:0], rows[i&255], 0.1*2/float32(classes))
					i++
				}
			})
		}
	}
}
