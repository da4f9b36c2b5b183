package conformal_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penstock/quality/conformal"
)

// TestWindowAgainstSorting compares every threshold with that of the newest 2,000,
// sorted anew.
func TestWindowAgainstSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := conformal.NewFixed()
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		distinct := rapid.SampledFrom([]int{1, 3, 50, 1 << 20}).Draw(t, "distinct")
		var all []float32
		for range rapid.IntRange(0, 5000).Draw(t, "labels") {
			x := float32(r.IntN(distinct)) / float32(distinct)
			w.Add(x)
			all = append(all, x)
		}
		newest := slices.Clone(all[max(len(all)-conformal.Most, 0):])
		slices.Sort(newest)
		alpha := rapid.Float64Range(0.001, 0.999).Draw(t, "alpha")
		n := len(newest)
		want := float32(math.Inf(-1))
		if rank := int(math.Ceil(float64(n+1) * (1 - alpha))); rank <= n {
			want = newest[n-rank]
		}
		if got := w.Threshold(alpha); got != want || w.Rows() != n {
			t.Fatalf("the threshold of %v over %d rows is %v; expected %v over %d", alpha, w.Rows(), got, want, n)
		}
	})
}

// TestCoverage measures the promise on rows that are alike: at least 1 − alpha, and
// hardly more, for windows of many lengths.
func TestCoverage(t *testing.T) {
	for _, n := range []int{5, 19, 100} {
		for _, alpha := range []float64{.05, .1, .2, .37} {
			r := rand.New(rand.NewPCG(uint64(n), 7))
			const trials = 4000
			covered := 0
			for range trials {
				w := conformal.NewFixed(alpha)
				for range n {
					w.Add(r.Float32())
				}
				if in, _ := w.Judge(alpha, r.Float32()); in {
					covered++
				}
			}
			got := float64(covered) / trials
			want := math.Ceil(float64(n+1)*(1-alpha)) / float64(n+1)
			// Four standard errors.
			if margin := 4 * math.Sqrt(alpha*(1-alpha)/trials); got < 1-alpha-margin || math.Abs(got-min(want, 1)) > margin {
				t.Errorf("of %d labels, sets of %v cover %.4f; expected %.4f", n, alpha, got, want)
			}
		}
	}
}

// TestTooFewLabels: 9 labels are the fewest that say anything of 0.1.
func TestTooFewLabels(t *testing.T) {
	w := conformal.New()
	for i := range 9 {
		if got := w.Threshold(0.1); !math.IsInf(float64(got), -1) {
			t.Errorf("with %d labels the threshold is %v; expected −Inf", i, got)
		}
		if covered, known := w.Judge(0.1, 0.5); !covered || known {
			t.Errorf("with %d labels: covered %v, known %v", i, covered, known)
		}
		w.Add(float32(i) + 1)
	}
	if got := w.Threshold(0.1); got != 1 {
		t.Errorf("with 9 labels the threshold is %v; expected the lowest of them, 1", got)
	}
	if covered, known := w.Judge(0.1, 0.5); covered || !known {
		t.Errorf("with 9 labels: covered %v, known %v", covered, known)
	}
	if w.Level(0.05) != 0.05 {
		t.Errorf("the level of 0.05 moved to %v without a set", w.Level(0.05))
	}
}

// TestLevels follows Gibbs and Candès's equation by hand.
func TestLevels(t *testing.T) {
	w := conformal.New(0.1)
	r := rand.New(rand.NewPCG(3, 4))
	level := 0.1
	for i := range 5000 {
		x := r.Float32()
		if i > 2500 {
			x *= 0.9 // harder rows
		}
		if covered, known := w.Judge(0.1, x); known {
			miss := 1.0
			if covered {
				miss = 0
			}
			level = min(max(level+0.005*(0.1-miss), 0.002), 0.4)
		}
		w.Add(x)
		if got := w.Level(0.1); math.Abs(got-level) > 1e-12 {
			t.Fatalf("after label %d the level is %v; expected %v", i, got, level)
		}
	}
}

// TestCoverageUnderShift: sets that follow hold the truth as often as they say while rows
// get ever harder; those that do not, do not.
func TestCoverageUnderShift(t *testing.T) {
	follows, stays := conformal.New(), conformal.NewFixed()
	r := rand.New(rand.NewPCG(5, 6))
	var rows, covered, without int
	for i := range 12_000 {
		x := r.Float32() * float32(math.Exp(-float64(i)/1500))
		if i >= 2000 {
			rows++
			if in, _ := follows.Judge(0.1, x); in {
				covered++
			}
			if in, _ := stays.Judge(0.1, x); in {
				without++
			}
		}
		follows.Add(x)
		stays.Add(x)
	}
	if got := float64(covered) / float64(rows); math.Abs(got-0.9) > 0.01 {
		t.Errorf("sets of 0.1 cover %.3f; expected 0.9 ± 0.01", got)
	}
	if got := float64(without) / float64(rows); got > 0.88 {
		t.Errorf("without following they cover %.3f: the shift is none", got)
	}
}

// TestSmallAlpha: after a fall that no row of the window foresaw, the set of a small alpha
// is as large as the lowest conformity makes it, and shrinks again.
func TestSmallAlpha(t *testing.T) {
	w := conformal.New(0.01)
	r := rand.New(rand.NewPCG(8, 9))
	for range conformal.Most {
		w.Add(1 + r.Float32())
	}
	for range 50 {
		w.Add(r.Float32())
	}
	lowest := w.Threshold(0.01)
	if level := w.Level(0.01); level > 0.001 || lowest > 0.1 {
		t.Errorf("after 50 misses the level of 0.01 is %v and the threshold %v", level, lowest)
	}
	for range 5 * conformal.Most {
		w.Add(1 + r.Float32())
	}
	if level := w.Level(0.01); level < 0.005 || w.Threshold(0.01) < 1 {
		t.Errorf("10,000 labels later the level of 0.01 is %v and the threshold %v", level, w.Threshold(0.01))
	}
}

// TestBetweenAlphas: levels are on lines between those of the grid.
func TestBetweenAlphas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := conformal.New(0.05, 0.2)
		for _, x := range rapid.SliceOfN(rapid.Float32Range(0, 1), 100, 400).Draw(t, "conformities") {
			w.Add(x)
		}
		a, b := w.Level(0.05), w.Level(0.2)
		for _, c := range []struct{ alpha, want float64 }{
			{0.025, a / 2}, {0.125, (a + b) / 2}, {0.6, (b + 1) / 2},
		} {
			if got := w.Level(c.alpha); math.Abs(got-c.want) > 1e-12 {
				t.Fatalf("the level of %v is %v; expected %v", c.alpha, got, c.want)
			}
		}
		var thresholds [conformal.Slots]float32
		if n := w.Thresholds(&thresholds); n != 2 || thresholds[0] != w.Threshold(0.05) || thresholds[1] != w.Threshold(0.2) {
			t.Fatalf("%d thresholds %v; expected %v and %v", n, thresholds, w.Threshold(0.05), w.Threshold(0.2))
		}
	})
}

// TestNoNumber: NaN is no label.
func TestNoNumber(t *testing.T) {
	w := conformal.New()
	w.Add(float32(math.NaN()))
	if w.Rows() != 0 {
		t.Errorf("%d rows; expected none", w.Rows())
	}
}

func TestGridsRefused(t *testing.T) {
	for _, alphas := range [][]float64{{0}, {1}, {.2, .1}, {.1, .1}, {math.NaN()}, {.1, .2, .3, .4, .5, .6, .7, .8, .9}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v is taken for a grid", alphas)
				}
			}()
			conformal.New(alphas...)
		}()
	}
	if got := conformal.New().Alphas(); !slices.Equal(got, conformal.DefaultAlphas()) {
		t.Errorf("the grid is %v", got)
	}
}

func TestMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.SampledFrom([]float32{0, .1, .25, .5, 1}), 1, 300).Draw(t, "p")
		threshold := rapid.SampledFrom([]float32{float32(math.Inf(-1)), 0, .1, .3, .5, .9, 2}).Draw(t, "threshold")
		top := slices.Index(p, slices.Max(p))
		want := []uint16{7} // what was there stays
		for i, x := range p {
			if x >= threshold || i == top {
				want = append(want, uint16(i))
			}
		}
		if got := conformal.Members([]uint16{7}, p, threshold); !slices.Equal(got, want) {
			t.Fatalf("the set of %v from %v on is %v; expected %v", p, threshold, got, want)
		}
	})
	if got := conformal.Members(nil, nil, 0.5); len(got) != 0 {
		t.Errorf("of no classes the set is %v", got)
	}
}

// TestFlood: one caller whose labels are all misses, or all sure, two hundred times as
// often as twenty others together, moves what the others' sets hold by no more than its
// part.
func TestFlood(t *testing.T) {
	for name, conformity := range map[string]float32{"misses": -1, "sure": 2} {
		w := conformal.New()
		r := rand.New(rand.NewPCG(3, 4))
		covered, judged := 0, 0
		for i := range 4000 {
			at := int64(i) * int64(time.Second)
			x := r.Float32()
			if i >= 2000 {
				judged++
				if x >= w.Threshold(0.2) {
					covered++
				}
			}
			w.AddOf(x, uint64(i%20), at)
			for range 200 {
				w.AddOf(conformity, 99, at)
			}
		}
		if share := float64(covered) / float64(judged); share < 0.74 || share > 0.87 {
			t.Errorf("%s: %.3f of the others' sets of 0.2 have the truth; expected 0.74 to 0.87", name, share)
		}
	}
}
