package shift_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"penstock/model"
	"penstock/quality/shift"
)

// table is a model of so many numbers, each of which may be missing.
func table(features int) model.Spec {
	return model.Spec{Name: "m", Version: "1", Features: features, Outputs: model.OneOf("no", "yes"), Missing: true}
}

// normal draws rows of normal numbers; change, if any, is done to each.
func normal(random *rand.Rand, features, rows int, change func(row []float64)) []float64 {
	all := make([]float64, rows*features)
	for i := range all {
		all[i] = random.NormFloat64()
	}
	if change != nil {
		for i := range rows {
			change(all[i*features:][:features])
		}
	}
	return all
}

// give adds rows with answers that never change.
func give(d *shift.Detector, features int, rows []float64) {
	row := make([]float32, features)
	for i := 0; i < len(rows); i += features {
		for j := range row {
			row[j] = float32(rows[i+j])
		}
		d.Add(row, []float32{1}, 0.9)
	}
}

func referenceOf(spec model.Spec, rows []float64) *model.Reference {
	r := model.NewReference(spec, rows)
	return &r
}

func TestFindsShifts(t *testing.T) {
	const features = 20
	random := rand.New(rand.NewPCG(1, 1))
	spec := table(features)
	ref := referenceOf(spec, normal(random, features, 10000, nil))
	for name, c := range map[string]struct {
		change func(row []float64)
		says   string
	}{
		"moved":        {func(row []float64) { row[7] += 0.5 }, "feature 7 ("},
		"missing":      {func(row []float64) { row[3] = math.NaN() }, "feature 3 (missing: 100 %, was 0 %)"},
		"out of range": {func(row []float64) { row[5] = 99 }, "feature 5 (≥ "},
		"wider":        {func(row []float64) { row[2] *= 1.5 }, "feature 2 ("},
	} {
		t.Run(name, func(t *testing.T) {
			d := shift.New(ref, spec)
			give(d, features, normal(random, features, shift.Window, nil))
			if firing, text := d.Firing(); firing || text != "" {
				t.Fatalf("fires on rows like the reference's: %s", text)
			}
			give(d, features, normal(random, features, shift.Window, c.change))
			firing, text := d.Firing()
			if !firing || !strings.Contains(text, "like the reference: "+c.says) {
				t.Fatalf("firing %v, %q; want %q", firing, text, c.says)
			}
			give(d, features, normal(random, features, shift.Window, nil))
			if firing, text := d.Firing(); firing || text != "" {
				t.Fatalf("still fires when it is over: %s", text)
			}
		})
	}
}

func TestWantsAThousandASecond(t *testing.T) {
	d := shift.New(nil, table(1))
	random := rand.New(rand.NewPCG(2, 2))
	const second = int64(time.Second)
	var taken []int64
	for now := int64(0); now < 5*second; now += random.Int64N(200_000) {
		if d.Wants(now) {
			taken = append(taken, now)
		}
	}
	for i := range taken {
		if j := i + 1000; j < len(taken) && taken[j]-taken[i] < second {
			t.Fatalf("1001 rows in %v", time.Duration(taken[j]-taken[i]))
		}
	}
	if len(taken) < 4400 {
		t.Errorf("%d rows in five seconds; want nearly 900 a second", len(taken))
	}
	seldom := 0
	for now := 10 * second; now < 20*second; now += second / 500 {
		if d.Wants(now) {
			seldom++
		}
	}
	if seldom != 5000 {
		t.Errorf("took %d of 5000 rows that came 500 a second; want all", seldom)
	}
}

func TestReferenceOfAnotherModel(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a reference of two features was taken for a model of three")
		}
	}()
	shift.New(referenceOf(table(2), make([]float64, 20)), table(3))
}
