package calibrate_test

import (
	"math/rand/v2"
	"testing"

	"penstock/quality/calibrate"
)

// BenchmarkApply maps a confidence.
func BenchmarkApply(b *testing.B) {
	for _, c := range []*calibrate.Calibrator{
		nil,
		{Kind: calibrate.Temperature, A: 0.7, B: 0.7},
		{Kind: calibrate.Beta, A: 0.8, B: 0.6, C: -0.3},
	} {
		b.Run(c.String(), func(b *testing.B) {
			var sum float32
			p := float32(0.5)
			for b.Loop() {
				sum += c.Apply(p)
				if p += 1.0 / 1024; p > 1 {
					p = 0.5
				}
			}
			_ = sum
		})
	}
}

// BenchmarkRefit adds the 250 labels between two fits, and fits, over a full window of
// 100 callers and of as many as there are rows; one in four is wrong, so that
// both folds are fitted from far away and nothing is a tie.
func BenchmarkRefit(b *testing.B) {
	for name, callers := range map[string]uint64{"100 callers": 100, "2000 callers": 2000} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			f := calibrate.NewFitter()
			label := func() {
				p := 0.5 + r.Float32()/2
				f.Add(p, r.Float32() < p*p, r.Uint64N(callers))
			}
			for range calibrate.Window {
				label()
			}
			b.ReportAllocs()
			for b.Loop() {
				for range calibrate.Every {
					label()
				}
			}
		})
	}
}

// BenchmarkReport describes a full window.
func BenchmarkReport(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	f := calibrate.NewFitter()
	for range calibrate.Window {
		p := 0.5 + r.Float32()/2
		f.Add(p, r.Float32() < p*p, r.Uint64N(100))
	}
	for b.Loop() {
		f.Report()
	}
}
