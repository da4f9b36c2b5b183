package dense

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"penstock/model"
)

// softmaxed returns what a kernel makes of rows of logits.
func (k kernel) softmaxed(logits []float32, width int, temperature float64) []float32 {
	scores := make([]float32, len(logits))
	for i := range scores {
		scores[i] = float32(math.NaN()) // must be overwritten
	}
	k.softmax(scores, logits, width, temperature)
	return scores
}

// checkSoftmax holds one row to the definition, in float64.
func checkSoftmax(t interface{ Fatalf(string, ...any) }, k kernel, logits []float32, temperature float64) {
	got := k.softmaxed(logits, len(logits), temperature)
	top := float64(slices.Max(logits))
	want, sum, total := make([]float64, len(logits)), 0.0, 0.0
	for i, x := range logits {
		want[i] = math.Exp((float64(x) - top) / temperature)
		sum += want[i]
	}
	for i, score := range got {
		// What float32 holds only as a denormal, or not at all, is off by more.
		off := math.Abs(float64(score) - want[i]/sum)
		if !(off <= 2e-7*want[i]/sum+1e-44) {
			t.Fatalf("%s: score %d of %v at temperature %v is %v; want %v", k.name, i, logits, temperature, score, want[i]/sum)
		}
		total += float64(score)
	}
	if !(math.Abs(total-1) <= 2e-7) {
		t.Fatalf("%s: scores of %v at temperature %v sum to %v", k.name, logits, temperature, total)
	}
	ranks := make([]int, len(logits))
	for i := range ranks {
		ranks[i] = i
	}
	slices.SortFunc(ranks, func(i, j int) int { return int(math.Copysign(1, float64(logits[i]-logits[j]))) })
	for i, lower := range ranks[:len(ranks)-1] {
		if higher := ranks[i+1]; got[lower] > got[higher] {
			t.Fatalf("%s: logits %v and %v have scores %v and %v", k.name, logits[lower], logits[higher], got[lower], got[higher])
		}
	}
}

func TestSoftmaxIsTheDefinition(t *testing.T) {
	for _, k := range kernels() {
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				logit := rapid.OneOf(rapid.Float32Range(-8, 8), rapid.Float32Range(-100, 100), rapid.Float32())
				logits := rapid.SliceOfN(logit, 1, 70).Draw(t, "logits")
				temperature := rapid.OneOf(rapid.Just(1.), rapid.Float64Range(0.2, 5), rapid.Float64Range(1e-300, 1e300)).Draw(t, "temperature")
				checkSoftmax(t, k, logits, temperature)
			})
			random := rand.New(rand.NewPCG(1, 1))
			for _, width := range []int{100, 1000, 16_384, 16_385, 32_768, 32_769} {
				logits := make([]float32, width)
				for i := range logits {
					logits[i] = float32(5 * random.NormFloat64())
				}
				checkSoftmax(t, k, logits, 1)
			}
		})
	}
}

// Where eʳ begins anew with r at the other end of its interval, powers still
// rise with their exponents: by less than float32 can tell, but not down.
func TestSoftmaxKeepsTheOrderAtTheSeams(t *testing.T) {
	for _, k := range kernels() {
		for seam := -100.5; seam < 0; seam++ {
			logits := []float32{0}
			for x := float32((seam - 1e-5) * math.Ln2); x < float32((seam+1e-5)*math.Ln2); x = math.Nextafter32(x, 0) {
				logits = append(logits, x)
			}
			checkSoftmax(t, k, logits, 1)
		}
	}
}

// What is not a number, or not finite, ends as it does in model.Softmax, and so
// do the coldest temperatures: at every place in a row of any width.
func TestSoftmaxAtTheEdges(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, k := range kernels() {
		for width := 1; width <= 35; width++ {
			for place := range width {
				for _, odd := range []float32{nan, inf, -inf, math.MaxFloat32, -math.MaxFloat32} {
					for _, others := range []float32{0, odd, inf, -inf} {
						for _, temperature := range []float64{1, math.SmallestNonzeroFloat64, 1e-30, math.MaxFloat64} {
							logits := slices.Repeat([]float32{others}, width)
							logits[place] = odd
							want := slices.Clone(logits)
							model.Softmax(want, temperature)
							if got := k.softmaxed(logits, width, temperature); !slices.EqualFunc(got, want, alike) {
								t.Fatalf("%s: %v at temperature %v became %v; want %v", k.name, logits, temperature, got, want)
							}
						}
					}
				}
			}
		}
	}
}

func alike(a, b float32) bool {
	return a != a && b != b || math.Abs(float64(a)-float64(b)) <= 2e-7
}

// A row's scores are the same bits alone and in any batch: whatever its place,
// what its mates hold and where the slices lie in memory.
func TestSoftmaxDoesNotSeeOtherRows(t *testing.T) {
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -math.MaxFloat32, 0}
	for _, k := range kernels() {
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				row := rapid.SliceOfN(rapid.Float32Range(-20, 20), 1, 70).Draw(t, "row")
				temperature := rapid.Float64Range(0.5, 2).Draw(t, "temperature")
				rows := rapid.IntRange(1, 2000).Draw(t, "rows")
				place := rapid.IntRange(0, rows-1).Draw(t, "place")
				shift := rapid.IntRange(0, 15).Draw(t, "shift in memory")
				mate := rapid.SampledFrom(odd).Draw(t, "what mates hold")

				width := len(row)
				logits := slices.Repeat([]float32{mate}, shift+rows*width)[shift:]
				copy(logits[place*width:], row)
				want := k.softmaxed(row, width, temperature)
				got := k.softmaxed(logits, width, temperature)[place*width:][:width]
				if !slices.EqualFunc(got, want, sameBits) {
					t.Fatalf("scores are %v in the batch and %v alone", got, want)
				}
			})
			for width := 1; width <= 70; width++ {
				row := make([]float32, width)
				for i := range row {
					row[i] = float32(i*i%17) - 9
				}
				want := slices.Repeat(k.softmaxed(row, width, 1), 5)
				if got := k.softmaxed(slices.Repeat(row, 5), width, 1); !slices.EqualFunc(got, want, sameBits) {
					t.Errorf("%d columns: not all copies of a row are as the row alone", width)
				}
			}
		})
	}
}

func BenchmarkSoftmax(b *testing.B) {
	for _, k := range kernels() {
		for _, width := range []int{2, 10, 16, 100, 1000} {
			b.Run(fmt.Sprintf("kernel=%s/width=%d", k.name, width), func(b *testing.B) {
				logits := make([]float32, blockRows*width)
				for i := range logits {
					logits[i] = float32(i*7919%1000)/100 - 5
				}
				scores := make([]float32, len(logits))
				for b.Loop() {
					k.softmax(scores, logits, width, 1)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*blockRows), "ns/row")
			})
		}
	}
}
