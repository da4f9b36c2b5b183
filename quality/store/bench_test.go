package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"penstock/quality"
	"penstock/quality/store"
	"penstock/quality/store/internal/made"
)

// BenchmarkWrite writes what comes in half a second at 100,000 labels a second, of
// 100 clients and with labels up to a minute late, to a disk. Bench/quality/store.md has
// its numbers.
func BenchmarkWrite(b *testing.B) {
	for _, kind := range []string{"class", "values"} {
		b.Run(kind, func(b *testing.B) {
			s, err := store.Open(store.Options{Dir: b.TempDir(), Bytes: 1 << 40})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			in := made.Stream{Random: rand.New(rand.NewPCG(1, 0)), Kind: kind, Classes: made.Classes(10), Width: 1, Clients: 100, Rate: 1e5, Delay: 60}
			batches := make([]quality.Batch, 8)
			for i := range batches {
				batches[i] = batch(in.Take(50_000))
			}
			b.ResetTimer()
			for i := range b.N {
				if err := s.Write(&batches[i%len(batches)]); err != nil {
					b.Fatal(err)
				}
			}
			rows := s.Status().Rows
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(s.Status().Bytes)/float64(rows), "B/row")
		})
	}
}

// BenchmarkMonth asks for a month of two versions, ten rows each minute, by minutes,
// hours and days.
func BenchmarkMonth(b *testing.B) {
	s, err := store.Open(store.Options{Dir: b.TempDir(), Bytes: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for version := range 2 {
		in := made.Stream{Random: rand.New(rand.NewPCG(uint64(version), 0)), Kind: "class", Classes: made.Classes(10), Clients: 20, Rate: 10.0 / 60, Delay: 60}
		for range 30 {
			day := in.Take(14_400)
			day.Version = fmt.Sprint(version)
			one := batch(day)
			if err := s.Write(&one); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Logf("%d MiB", s.Status().Bytes>>20)
	for name, step := range map[string]store.Step{"minutes": store.Minute, "hours": store.Hour, "days": store.Day, "month": store.Month} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				points, err := s.Points(b.Context(), store.Query{Model: "m", Step: step})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(points)), "points")
			}
		})
	}
	b.Run("cells", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := s.Cells(b.Context(), store.Query{Model: "m"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("callers", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Callers(b.Context(), store.Query{Model: "m"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("outcomes", func(b *testing.B) {
		rows := 0
		for b.Loop() {
			if err := s.Outcomes(b.Context(), store.Query{Model: "m"}, true, func(o *quality.Outcomes) error {
				rows += o.Len()
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("tidy", func(b *testing.B) {
		for b.Loop() {
			if err := s.Tidy(time.Unix(0, made.Start)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
