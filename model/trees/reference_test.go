package trees

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// reference is what a Forest's documentation says of a row, word by word.
func reference(f *Forest, row []float32) []float32 {
	sums := make([]float64, f.Sums)
	round := func(x float64) float64 {
		if f.Sum == Float32 {
			return float64(float32(x))
		}
		return x
	}
	for i := range sums {
		if f.Begin != nil {
			sums[i] = round(f.Begin[i])
		}
	}
	for _, t := range f.Trees {
		leaf := 0
		if len(t.Nodes) > 0 {
			at := int32(0)
			for at >= 0 {
				at = next(t.Nodes[at], row)
			}
			leaf = int(^at)
		}
		for i := range sums {
			switch t.Sum {
			case AllSums:
				sums[i] = round(sums[i] + t.Leaves[leaf*f.Sums+i])
			case i:
				sums[i] = round(sums[i] + t.Leaves[leaf])
			}
		}
	}
	for i := range sums {
		if f.Divide != 0 {
			sums[i] = round(sums[i] / round(f.Divide))
		}
		if f.Scale != 0 {
			sums[i] = round(sums[i] * round(f.Scale))
		}
		if f.Add != nil {
			sums[i] = round(sums[i] + round(f.Add[i]))
		}
	}
	out := make([]float32, f.Sums)
	if f.Sum == Float64 {
		scores(f.Link, out, sums, 1)
		return out
	}
	singles := make([]float32, f.Sums)
	for i, x := range sums {
		singles[i] = float32(x)
	}
	scores(f.Link, out, singles, 1)
	return out
}

func next(n Node, row []float32) int32 {
	x := float64(row[n.Feature])
	var left bool
	switch {
	case math.IsNaN(x), n.ZeroMissing && math.Abs(x) <= float64(float32(1e-35)):
		left = n.MissingLeft
	case n.Test == Less:
		left = x < float64(n.Threshold)
	case n.Test == Equal:
		left = x == float64(n.Threshold)
	default:
		category := math.Trunc(x)
		left = category >= 0 && category < float64(32*len(n.Set)) && n.Set[int(category)/32]>>(int(category)%32)&1 == 1
	}
	if left {
		return n.Left
	}
	return n.Right
}

// each runs a test with every kernel that can run a forest.
func each(t interface{ Fatal(...any) }, f *Forest, test func(m *Model)) {
	ran := 0
	for _, k := range kernels() {
		if l, _ := k.compile(f); l == nil {
			continue
		}
		m, err := build(spec(f), f, 1, []kernel{k})
		if err != nil {
			t.Fatal(err)
		}
		ran++
		test(m)
	}
	if ran == 0 {
		t.Fatal("no kernel ran")
	}
}

// checkAgainstReference holds every kernel to the reference, bit for bit, in batches
// of several sizes.
func checkAgainstReference(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, f *Forest, rows []float32) {
	var want []float32
	for r := 0; r < len(rows); r += f.Features {
		want = append(want, reference(f, rows[r:][:f.Features])...)
	}
	n := len(rows) / f.Features
	each(t, f, func(m *Model) {
		for _, size := range []int{1, 2, 7, 16, 31, 64, n} {
			size = min(size, n)
			s, err := m.NewSession(size)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]float32, len(want))
			for first := 0; first < n; first += size {
				batch := min(size, n-first)
				if err := s.Predict(got[first*f.Sums:][:batch*f.Sums], rows[first*f.Features:][:batch*f.Features], batch); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.EqualFunc(got, want, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				for i := range got {
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
						t.Fatalf("kernel %s, batches of %d: row %d, score %d is %v; want %v", m.Kernel(), size, i/f.Sums, i%f.Sums, got[i], want[i])
					}
				}
			}
		}
	})
}

func TestKernelsAreTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := growth{
			trees:    rapid.IntRange(0, 40).Draw(t, "trees"),
			depth:    rapid.IntRange(0, 12).Draw(t, "depth"),
			features: rapid.SampledFrom([]int{1, 2, 5, 16, 32, 33, 100, 70000}).Draw(t, "features"),
			sums:     rapid.IntRange(1, 4).Draw(t, "sums"),
			full:     rapid.SampledFrom([]float64{0.5, 0.9, 1}).Draw(t, "full"),
			nodes:    rapid.SampledFrom([]int{0, 31, 200}).Draw(t, "nodes"),
			vectors:  rapid.Bool().Draw(t, "vectors"),
			missing:  rapid.Bool().Draw(t, "missing"),
			sum:      rapid.SampledFrom([]Precision{Float32, Float64}).Draw(t, "sum"),
			link:     Link{Kind: rapid.SampledFrom(links).Draw(t, "link")},
		}
		if g.depth > 8 && g.nodes == 0 {
			g.nodes = 100
		}
		if rapid.IntRange(0, 2).Draw(t, "other tests") == 0 {
			g.tests, g.zeroMissing = []Test{Less, Equal, In}, true
		}
		f := g.forest(rapid.Uint64().Draw(t, "seed"))
		if rapid.Bool().Draw(t, "after") {
			f.Divide, f.Scale, f.Add = 3, 0.1, make([]float64, f.Sums)
			f.Add[0] = 0.7
		}
		n := rapid.SampledFrom([]int{1, 5, 70, 150}).Draw(t, "rows")
		if g.features > 1000 {
			n = min(n, 5)
		}
		checkAgainstReference(t, f, f.Sample(n, rapid.Uint64().Draw(t, "row seed")))
	})
}
