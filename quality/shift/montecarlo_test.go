package shift_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"penstock/model"
	"penstock/quality/shift"
)

// source draws rows of a made-up model.
type source struct {
	spec model.Spec
	draw func(random *rand.Rand, row []float32)
}

// even has independent numbers, of which only the order matters to the detector.
func even(features int) source {
	return source{table(features), func(random *rand.Rand, row []float32) {
		for i := range row {
			row[i] = random.Float32()
		}
	}}
}

// uneven is what tables are made of: numbers, counts that are mostly zero, flags that
// are seldom set, categories of very different frequency, and values that are missing.
func uneven() source {
	spec := table(20)
	for i := range spec.Features {
		c := model.Column{Name: fmt.Sprint("c", i), Kind: model.Number}
		if i >= 15 {
			c.Kind = model.Category
			for j := range 40 {
				c.Categories = append(c.Categories, fmt.Sprint(j))
			}
		}
		spec.Columns = append(spec.Columns, c)
	}
	return source{spec, func(random *rand.Rand, row []float32) {
		for i := range row {
			row[i] = unevenValue(random, i)
		}
	}}
}

func unevenValue(random *rand.Rand, feature int) float32 {
	u := random.Float64()
	if feature%3 == 0 && random.Float64() < 0.01 {
		return nan
	}
	switch {
	case feature < 5: // a long tail
		return float32(1 / (1e-6 + u))
	case feature < 10: // a count that is mostly zero
		return float32(math.Floor(math.Log(u+1e-12) / math.Log(0.05+0.05*float64(feature-5))))
	case feature < 15: // a flag that is seldom set
		if u < 0.01*float64(feature-9) {
			return 1
		}
		return 0
	default: // categories after Zipf
		return float32(int(40 * math.Pow(u, float64(feature-13))))
	}
}

var nan = float32(math.NaN())

func (s source) reference(random *rand.Rand, rows int) *model.Reference {
	sample := make([]float64, 0, rows*s.spec.Features)
	row := make([]float32, s.spec.Features)
	for range rows {
		s.draw(random, row)
		for _, x := range row {
			sample = append(sample, float64(x))
		}
	}
	return referenceOf(s.spec, sample)
}

// tally counts how often the p of all features together is at most 1 %, 0.1 % and what
// raises an alarm.
type tally struct{ looks, percent, permille, alarms int }

func (t *tally) add(p float64) {
	t.looks++
	for level, n := range map[float64]*int{1e-2: &t.percent, 1e-3: &t.permille, shift.FamilyRate / 2: &t.alarms} {
		if p <= level {
			*n++
		}
	}
}

func (t tally) String() string {
	return fmt.Sprintf("%d looks, p ≤ 1 %% at %.3g %%, p ≤ 0.1 %% at %.3g %%, %d alarms",
		t.looks, 100*float64(t.percent)/float64(t.looks), 100*float64(t.permille)/float64(t.looks), t.alarms)
}

// unshifted looks at windows when nothing has changed, each reference at so many.
func (s source) unshifted(seed uint64, reference, windows int) (t tally) {
	random := rand.New(rand.NewPCG(seed, 5))
	row := make([]float32, s.spec.Features)
	const perReference = 100
	for windows > 0 {
		d := shift.New(s.reference(random, reference), s.spec)
		for range 2 * min(windows, perReference) {
			for range shift.Window / 2 {
				s.draw(random, row)
				d.Add(row, nil, nan)
			}
			if r := d.Report(); r.Windows > 0 {
				t.add(r.P)
			}
		}
		windows -= perReference
	}
	return t
}

// TestErrorRate draws rows when nothing has changed. PENSTOCK_MONTE_CARLO says how many
// windows of 1,000 rows of each kind; the results of a long run are in testdata.
func TestErrorRate(t *testing.T) {
	windows := monteCarlo(t, 100)
	for name, s := range map[string]source{"even": even(20), "uneven": uneven()} {
		for _, reference := range []int{500, 1000, 10000} {
			t.Run(fmt.Sprint(name, "/", reference), func(t *testing.T) {
				t.Parallel()
				got := s.unshifted(uint64(reference), reference, windows)
				t.Logf("%d windows: %v", windows, got)
				if rate := float64(got.percent) / float64(got.looks); rate > 0.05 {
					t.Errorf("the p of all features is ≤ 1 %% at %.3g %% of looks", 100*rate)
				}
				if most := 1 + windows/1000; got.alarms > most {
					t.Errorf("%d false alarms; want %d at most", got.alarms, most)
				}
			})
		}
	}
}

// monteCarlo is how often to try: as PENSTOCK_MONTE_CARLO says, or so few times that
// every run of the tests can.
func monteCarlo(t *testing.T, few int) int {
	t.Helper()
	few = max(few/slower, 1)
	if text := os.Getenv("PENSTOCK_MONTE_CARLO"); text != "" {
		if _, err := fmt.Sscan(text, &few); err != nil {
			t.Fatal(err)
		}
	}
	return few
}
