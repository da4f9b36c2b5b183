package dense

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// shape is a layer's and a batch's size.
type shape struct{ rows, in, out int }

// operands makes a layer of a shape and rows for it, some of them exactly zero.
func (s shape) operands(seed uint64, a Activation) (Layer, []float32) {
	random := rand.New(rand.NewPCG(seed, 3))
	values := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			if random.IntN(5) > 0 {
				v[i] = float32(random.NormFloat64())
			}
		}
		return v
	}
	return Layer{values(s.in * s.out), values(s.out), s.in, s.out, a}, values(s.rows * s.in)
}

// run multiplies and applies what multiply leaves to be applied.
func (k kernel) run(l Layer, src []float32, backwards bool) []float32 {
	rows := len(src) / l.In
	dst := make([]float32, rows*l.Out)
	for i := range dst {
		dst[i] = float32(math.NaN()) // must be overwritten
	}
	p, activated := k.pack(l)
	w := newWorkspace(rows, l.In)
	w.backwards = backwards
	p.multiply(dst, src, rows, &w)
	if !activated {
		l.Activation.apply(dst)
	}
	return dst
}

// checkAgainstGonum asks for an error of at most 1e-5 of what was added up:
// |bias| + Σ|weight·x|, since sums that nearly cancel have no better.
func checkAgainstGonum(t interface{ Fatalf(string, ...any) }, s shape, seed uint64) {
	l, src := s.operands(seed, []Activation{ReLU, Identity}[seed%2])
	want := gonumKernel.run(l, src, false)
	for _, k := range kernels() {
		for _, backwards := range []bool{false, true} {
			got := k.run(l, src, backwards)
			for i := range got {
				r, o := i/s.out, i%s.out
				scale := math.Abs(float64(l.Bias[o]))
				for j := range s.in {
					scale += math.Abs(float64(l.Weight[o*s.in+j] * src[r*s.in+j]))
				}
				if off := math.Abs(float64(got[i]) - float64(want[i])); !(off <= 1e-5*scale) {
					t.Fatalf("%s, %+v, backwards %v: row %d output %d is %v; want %v", k.name, s, backwards, r, o, got[i], want[i])
				}
			}
		}
	}
}

func TestKernelsAreGonum(t *testing.T) {
	t.Run("small shapes", func(t *testing.T) {
		for rows := 1; rows <= 14; rows++ {
			for in := 1; in <= 4; in++ {
				for out := 1; out <= 49; out++ {
					checkAgainstGonum(t, shape{rows, in, out}, uint64(rows*in+out))
				}
			}
		}
	})
	t.Run("any shape", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			size := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
			checkAgainstGonum(t, shape{size("rows", 20), size("in", 70), size("out", 70)}, rapid.Uint64().Draw(t, "seed"))
		})
	})
	// Wide tiles, whole blocks of rows, and more inputs than one call adds up.
	for _, s := range []shape{{1, 784, 512}, {3, 129, 1000}, {8, 512, 256}, {13, 300, 300}, {64, 784, 130}, {64, 5000, 33}, {2, 30_000, 3}, {3, 70_001, 70}, {1, 70_001, 2}} {
		t.Run(fmt.Sprintf("%dx%dx%d", s.rows, s.in, s.out), func(t *testing.T) { checkAgainstGonum(t, s, 1) })
	}
}

// A row's outputs are the same bits alone and in any batch: whatever its size,
// the row's place, what its mates hold, where the slices lie in memory and
// which way the weights are gone over.
func TestRowsDoNotSeeTheirMates(t *testing.T) {
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 0}
	for _, k := range kernels() {
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := shape{1, rapid.IntRange(1, 90).Draw(t, "in"), rapid.IntRange(1, 300).Draw(t, "out")}
				l, row := s.operands(rapid.Uint64().Draw(t, "seed"), ReLU)
				rows := rapid.IntRange(1, blockRows).Draw(t, "rows")
				place := rapid.IntRange(0, rows-1).Draw(t, "place")
				shift := rapid.IntRange(0, 15).Draw(t, "shift in memory")
				mate := rapid.SampledFrom(odd).Draw(t, "what mates hold")

				src := make([]float32, shift+rows*s.in)[shift:]
				for i := range src {
					src[i] = mate
				}
				copy(src[place*s.in:], row)
				want := k.run(l, row, false)
				got := k.run(l, src, rapid.Bool().Draw(t, "backwards"))[place*s.out:][:s.out]
				if !slices.EqualFunc(got, want, sameSum) {
					t.Fatalf("outputs are %v in the batch and %v alone", got, want)
				}
			})
		})
	}
}

// Inputs that are zero in all rows, of either sign, add nothing, however large
// their weights: the outputs are those of a layer without them.
func TestZerosAddNothing(t *testing.T) {
	for _, k := range kernels() {
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := shape{rapid.IntRange(1, 30).Draw(t, "rows"), rapid.IntRange(1, 90).Draw(t, "in"), rapid.IntRange(1, 300).Draw(t, "out")}
				full, src := s.operands(rapid.Uint64().Draw(t, "seed"), Identity)
				zero := rapid.SliceOfN(rapid.Bool(), s.in, s.in).Draw(t, "zero")
				kept := 0
				for i := range zero {
					if !zero[i] {
						kept++
					}
				}
				// Without any input a layer is no layer: one that is zero stays.
				less := Layer{Bias: full.Bias, In: max(kept, 1), Out: s.out, Activation: Identity}
				less.Weight = make([]float32, less.In*less.Out)
				rest := make([]float32, s.rows*less.In)

				negative := float32(math.Copysign(0, -1))
				to := 0
				for i := range zero {
					for r := range s.rows {
						if zero[i] {
							src[r*s.in+i] = []float32{0, negative}[(r+i)%2]
						} else {
							rest[r*less.In+to] = src[r*s.in+i]
						}
					}
					for o := range s.out {
						if w := &full.Weight[o*s.in+i]; zero[i] {
							*w = float32(math.Copysign(math.MaxFloat32, float64(*w)))
						} else {
							less.Weight[o*less.In+to] = *w
						}
					}
					if !zero[i] {
						to++
					}
				}

				want := k.run(less, rest, false)
				got := k.run(full, src, rapid.Bool().Draw(t, "backwards"))
				if !slices.EqualFunc(got, want, sameSum) {
					t.Fatalf("%v of %v with zeros; %v of %v without", got, src, want, rest)
				}
			})
		})
	}
}

// The same, for every tile, whether the weights are near or far, and every row
// in it: a batch of copies of one row.
func TestEveryPlaceInABatchIsTheSame(t *testing.T) {
	for _, k := range kernels() {
		for _, out := range []int{5, 16, 24, 50, 64, 100, 300} {
			for _, in := range []int{33, 270} {
				l, row := shape{1, in, out}.operands(uint64(out), Identity)
				want := k.run(l, row, false)
				for rows := 2; rows <= 26; rows++ {
					got := k.run(l, slices.Repeat(row, rows), rows%2 == 0)
					if !slices.EqualFunc(got, slices.Repeat(want, rows), sameSum) {
						t.Errorf("%s: %d copies of a row, %d to %d: not all are as the row alone", k.name, rows, in, out)
					}
				}
			}
		}
	}
}

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// sameSum leaves a product the choice between the two zeros.
func sameSum(a, b float32) bool { return sameBits(a, b) || a == 0 && b == 0 }

// What a ReLU makes of a sum that is not finite is what Activation.apply does:
// NaN above all stays NaN.
func TestKernelsAtTheEdges(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, k := range kernels() {
		for _, a := range []Activation{Identity, ReLU} {
			for _, x := range []float32{nan, inf, -inf, -1, 0, 1, math.MaxFloat32, -math.MaxFloat32} {
				for _, out := range []int{1, 8, 16, 17, 64} {
					l := Layer{Weight: slices.Repeat([]float32{2}, out), In: 1, Out: out, Activation: a}
					want := []float32{2 * x}
					a.apply(want)
					for _, got := range k.run(l, []float32{x, x}, false) {
						if got != want[0] && (got == got || want[0] == want[0]) {
							t.Errorf("%s: %s(2·%v) = %v; want %v", k.name, a, x, got, want[0])
						}
					}
				}
			}
		}
	}
}
