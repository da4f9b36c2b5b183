package shift_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"penstock/model"
	"penstock/quality/shift"
)

// TestAlikeRows: twenty alike rows a request raise nothing where one row of each
// request is added, as the package asks for. That all of them would, shows that the
// test can fail.
func TestAlikeRows(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	spec := table(20)
	ref := referenceOf(spec, normal(random, 20, 2000, nil))
	one, all := shift.New(ref, spec), shift.New(ref, spec)
	for range 20 * shift.Window {
		row := normal(random, 20, 1, nil)
		give(one, 20, row)
		if firing, text := one.Firing(); firing {
			t.Fatal(text)
		}
		for range 20 {
			give(all, 20, row)
		}
	}
	if r := all.Report(); !r.Firing || r.P > 1e-20 {
		t.Errorf("alike rows change nothing: p is %v", r.P)
	}
}

// TestAnswers: what is predicted, and how sure it is, is compared with the first rows.
func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		output model.Output
		answer func(random *rand.Rand, moved bool) (prediction []float32, confidence float32)
		says   string
	}{
		"class": {model.OneOf("cat", "dog", "eel")[0], func(random *rand.Rand, moved bool) ([]float32, float32) {
			if moved {
				return []float32{2}, 0.9
			}
			return []float32{float32(random.IntN(3))}, 0.9
		}, "prediction (eel: "},
		"confidence": {model.OneOf("cat", "dog")[0], func(random *rand.Rand, moved bool) ([]float32, float32) {
			x := random.Float32()
			if moved {
				x *= x
			}
			return []float32{1}, x
		}, "confidence ("},
		"labels": {model.Output{Name: "l", Kind: model.Labels, Width: 2, Classes: []string{"red", "big"}}, func(random *rand.Rand, moved bool) ([]float32, float32) {
			if moved {
				return []float32{0, 1}, nan
			}
			return []float32{0, float32(random.IntN(2))}, nan
		}, "prediction big ("},
		"value": {model.OneValue()[0], func(random *rand.Rand, moved bool) ([]float32, float32) {
			x := float32(random.NormFloat64())
			if moved {
				x += 0.5
			}
			return []float32{x}, nan
		}, "prediction ("},
		"vector": {model.Output{Name: "v", Kind: model.Vector, Width: 30}, func(random *rand.Rand, moved bool) ([]float32, float32) {
			v := make([]float32, 30)
			for i := range v {
				v[i] = random.Float32()
			}
			if moved {
				v[1] = 7
			}
			return v, nan
		}, "prediction 1 (≥ "},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(6, 6))
			d := shift.New(nil, model.Spec{Name: "m", Features: 1, Outputs: []model.Output{c.output}})
			add := func(rows int, moved bool) {
				for range rows {
					prediction, confidence := c.answer(random, moved)
					d.Add([]float32{0}, prediction, confidence)
				}
			}
			add(10*shift.Window, false)
			if firing, text := d.Firing(); firing {
				t.Fatal(text)
			}
			add(shift.Window, true)
			firing, text := d.Firing()
			if !firing || !strings.Contains(text, "rows are not like the reference: "+c.says) {
				t.Fatalf("firing %v: %q; want %q", firing, text, c.says)
			}
			if r := d.Report(); r.ReferenceRows != 0 || r.Map != nil || r.Features[0].Feature != -1 {
				t.Errorf("reports a reference of features: %+v", r)
			}
		})
	}
}

// TestReport is a window that can be counted by hand.
func TestReport(t *testing.T) {
	spec := table(2)
	spec.Columns = []model.Column{
		{Name: "age", Kind: model.Number, Missing: true},
		{Name: "town", Kind: model.Category, Categories: []string{"Ulm", "Bonn"}, Unknown: model.Own},
	}
	sample := make([]float64, 0, 2000)
	for i := range 1000 { // ages 1 to 4, Ulm three times of four
		sample = append(sample, float64(1+i%4), float64(i%4/3))
	}
	d := shift.New(referenceOf(spec, sample), spec)
	if r := d.Report(); r.Rows != 0 || r.Features != nil || r.Firing || r.ReferenceRows != 1000 {
		t.Errorf("before any row: %+v", r)
	}
	for i := range 400 { // ages 3, 4, 5 and missing; Ulm, Bonn and two unknown
		age := []float32{3, 4, 5, nan}[i%4]
		d.Add([]float32{age, float32(i % 4)}, []float32{0}, nan)
	}
	r := d.Report()
	if r.Rows != 400 || r.Windows != 0 || r.Firing {
		t.Errorf("%d rows, %d windows, firing %v", r.Rows, r.Windows, r.Firing)
	}
	at := func(name string) shift.Feature {
		i := slices.IndexFunc(r.Features, func(f shift.Feature) bool { return f.Name == name })
		return r.Features[i]
	}
	age, town := at("age"), at("town")
	if want := []float64{0, 0, 0, 0.25, 0.25, 0.25, 0.25}; !slices.Equal(age.Live, want) {
		t.Errorf("ages are %v %v; want %v", age.Bins, age.Live, want)
	}
	if want := []float64{0, 0.25, 0.25, 0.25, 0.25, 0, 0}; !slices.Equal(age.Reference, want) {
		t.Errorf("ages of the reference are %v", age.Reference)
	}
	if want := []string{"Ulm", "Bonn", "rare or unknown", "missing"}; !slices.Equal(town.Bins, want) {
		t.Errorf("the bins of town are %q", town.Bins)
	}
	if want := []float64{0.25, 0.25, 0.5, 0}; !slices.Equal(town.Live, want) {
		t.Errorf("towns are %v", town.Live)
	}
	if !slices.Equal(r.Map, []float64{0.5, 0.5}) || age.Effect != 0.5 {
		t.Errorf("the map is %v; half of the rows are elsewhere", r.Map)
	}
	psi := 0.0
	for _, c := range [][2]float64{{100, 750}, {100, 250}, {200, 0}, {0, 0}} {
		l, r := (c[0]+0.5)/402, (c[1]+0.5)/1002
		psi += (l - r) * math.Log(l/r)
	}
	if math.Abs(town.PSI-psi) > 1e-12 {
		t.Errorf("PSI is %v; want %v", town.PSI, psi)
	}
	if !(town.P < 1e-20) || town.Q < town.P || town.Firing {
		t.Errorf("p is %v, q %v, firing %v before any look", town.P, town.Q, town.Firing)
	}
}

// TestFarFromZero: rows that hold what is left when a mean was taken off are compared
// with a reference of the whole numbers.
func TestFarFromZero(t *testing.T) {
	spec := table(1)
	spec.Shift = []float64{1_732_212_000}
	random := rand.New(rand.NewPCG(5, 5))
	sample := normal(random, 1, 2000, func(row []float64) { row[0] = spec.Shift[0] + 100*row[0] })
	d := shift.New(referenceOf(spec, sample), spec)
	for _, moved := range []float64{0, 50} {
		for range 2 * shift.Window {
			d.Add([]float32{float32(100*random.NormFloat64() + moved)}, []float32{1}, nan)
		}
		if firing, text := d.Firing(); firing != (moved > 0) {
			t.Fatalf("moved by %v: firing %v %q", moved, firing, text)
		}
	}
	if _, text := d.Firing(); !strings.Contains(text, "1.7322e+09") {
		t.Errorf("%q does not tell the client's numbers", text)
	}
}

// TestCountsEveryValueOnce: whatever a row holds, each feature has it in one bin, and
// in that which model.Bins says.
func TestCountsEveryValueOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Float32(), rapid.SampledFrom([]float32{0, 1, 2, -1, nan, math.MaxFloat32}))
		sample := rapid.SliceOfN(value, 1, 300).Draw(t, "sample")
		rows := make([]float64, len(sample))
		for i, x := range sample {
			rows[i] = float64(x)
		}
		ref := referenceOf(table(1), rows)
		bins := &ref.Features[0].Bins
		if err := bins.Check(0); err != nil {
			t.Fatal(err)
		}
		d := shift.New(ref, table(1))
		live := rapid.SliceOfN(value, 1, 499).Draw(t, "live")
		want := make([]float64, len(bins.Counts))
		for _, x := range live {
			d.Add([]float32{x}, nil, nan)
			want[bins.At(x, 0)]++
		}
		for i := range want {
			want[i] /= float64(len(live))
		}
		if got := d.Report().Features[0].Live; !slices.Equal(got, want) {
			t.Fatalf("shares are %v; want %v", got, want)
		}
	})
}

// TestSharedByMany: rows may be added while others ask.
func TestSharedByMany(t *testing.T) {
	spec := table(3)
	d := shift.New(referenceOf(spec, normal(rand.New(rand.NewPCG(7, 7)), 3, 500, nil)), spec)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(i)))
			for now := range int64(3000) {
				if d.Wants(now * 1e6) {
					give(d, 3, normal(random, 3, 1, nil))
				}
				if now%500 == 0 {
					d.Report()
					if _, err := d.AppendBinary(nil); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if r := d.Report(); r.Windows == 0 {
		t.Errorf("no window of %d rows was judged", r.Rows)
	}
}

func BenchmarkWants(b *testing.B) {
	d := shift.New(nil, table(1))
	for b.Loop() {
		d.Wants(0)
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, features := range []int{20, pixels} {
		b.Run(map[bool]string{true: "20 features", false: "784 features"}[features == 20], func(b *testing.B) {
			random := rand.New(rand.NewPCG(7, 7))
			spec := table(features)
			d := shift.New(referenceOf(spec, normal(random, features, 1000, nil)), spec)
			rows := make([]float32, 100*features)
			for i := range rows {
				rows[i] = float32(random.NormFloat64())
			}
			i := 0
			for b.Loop() {
				d.Add(rows[i%100*features:][:features], []float32{1}, 0.9)
				i++
			}
		})
	}
}

func BenchmarkReport(b *testing.B) {
	random := rand.New(rand.NewPCG(7, 7))
	spec := table(pixels)
	d := shift.New(referenceOf(spec, normal(random, pixels, 1000, nil)), spec)
	give(d, pixels, normal(random, pixels, 1000, nil))
	for b.Loop() {
		d.Report()
	}
}
