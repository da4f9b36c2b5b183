package shift_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"penstock/model"
	"penstock/quality/shift"
)

// gauss has independent normal numbers, of which change is done to each row.
func gauss(features int, change func(random *rand.Rand, row []float32)) source {
	return source{table(features), func(random *rand.Rand, row []float32) {
		for i := range row {
			row[i] = float32(random.NormFloat64())
		}
		change(random, row)
	}}
}

// found is how often a shift is found within its first thousand rows. The reference is
// another each eighth time.
func (s source) found(seed uint64, reference, times int, like source) (share float64) {
	random := rand.New(rand.NewPCG(seed, 6))
	row := make([]float32, s.spec.Features)
	hits := 0
	const perReference = 8
	var ref *model.Reference
	for i := range times {
		if i%perReference == 0 {
			ref = like.reference(random, reference)
		}
		d := shift.New(ref, s.spec)
		for range shift.Window {
			s.draw(random, row)
			d.Add(row, nil, nan)
		}
		if firing, _ := d.Firing(); firing {
			hits++
		}
	}
	return float64(hits) / float64(times)
}

// TestPower wants what is small to be found within 1,000 rows. How large a reference
// that takes differs: a value that is never missing in 1,000 rows of a reference may
// be so in one of 500, and ten more in a thousand rows prove nothing.
func TestPower(t *testing.T) {
	const features = 20
	like := gauss(features, func(*rand.Rand, []float32) {})
	for _, c := range []struct {
		name      string
		change    func(random *rand.Rand, row []float32)
		reference int
		want      float64 // measured over 2,000 times with PENSTOCK_MONTE_CARLO: see testdata
	}{
		{"0.3 σ", func(_ *rand.Rand, row []float32) { row[11] += 0.3 }, 1000, 0.75},
		{"0.3 σ", func(_ *rand.Rand, row []float32) { row[11] += 0.3 }, 2000, 0.95},
		{"1 % missing", func(random *rand.Rand, row []float32) {
			if random.Float64() < 0.01 {
				row[11] = nan
			}
		}, 10000, 0.9},
		{"1 % missing", func(random *rand.Rand, row []float32) {
			if random.Float64() < 0.01 {
				row[11] = nan
			}
		}, 20000, 0.9},
	} {
		t.Run(fmt.Sprint(c.name, "/", c.reference), func(t *testing.T) {
			t.Parallel()
			times := monteCarlo(t, 40)
			share := gauss(features, c.change).found(1, c.reference, times, like)
			t.Logf("found in %.1f %% of %d times", 100*share, times)
			if share < c.want {
				t.Errorf("found in %.3g %% of %d times; want %.3g %%", 100*share, times, 100*c.want)
			}
		})
	}
}
