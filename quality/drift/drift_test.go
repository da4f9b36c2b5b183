package drift_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"penstock/quality/drift"
)

type oracleCase struct {
	Name                   string
	Given                  *float64
	Fires                  bool
	X, Evidence, Reference []float64
	At                     []int
}

// TestAgainstNumpy compares every evidence and reference with what numpy makes of
// the same errors; testdata/oracle.py says how.
func TestAgainstNumpy(t *testing.T) {
	text, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []oracleCase
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) < 7 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { c.compare(t) })
	}
}

func (c *oracleCase) compare(t *testing.T) {
	var d drift.Detector
	if c.Given != nil {
		d = drift.Expecting(*c.Given)
	}
	next := 0
	for i, x := range c.X {
		d.Add(x)
		if i == c.At[next] {
			if !near(d.Evidence(), c.Evidence[next]) {
				t.Fatalf("evidence after %d is %v; numpy's is %v", i+1, d.Evidence(), c.Evidence[next])
			}
			// What is added last may have moved the reference for the next.
			if i+1 < len(c.X) && (i+1-drift.Lag)%50 != 0 && !near(d.Reference(), c.Reference[next]) {
				t.Fatalf("reference after %d is %v; numpy's is %v", i+1, d.Reference(), c.Reference[next])
			}
			next++
		}
		if last := i == len(c.X)-1; d.Firing() != (last && c.Fires) {
			t.Fatalf("firing is %v after %d of %d", d.Firing(), i+1, len(c.X))
		}
	}
	if next != len(c.At) {
		t.Errorf("%d of %d compared", next, len(c.At))
	}
}

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-9*max(1, math.Abs(want)) }

// A model that stays as it is hardly ever raises an alarm, whether its error was
// given or is learned.
func TestFewerThanOneFalseAlarmInAMillionLabels(t *testing.T) {
	const labels = 1_000_000
	alarms, streams := 0, 0
	for i, p := range []float64{.001, .01, .03, .1, .3, .5} {
		for j, d := range []drift.Detector{{}, drift.Expecting(p), {}} {
			streams++
			random := rand.New(rand.NewPCG(uint64(i), uint64(j)))
			for range labels {
				d.Add(draw(random, p))
				if d.Firing() {
					alarms++
					d.Accept()
				}
			}
		}
	}
	if alarms >= streams {
		t.Errorf("%d alarms in %d million labels", alarms, streams)
	}
	t.Logf("%d alarms in %d million labels", alarms, streams)
}

// The mean time to find a fall of ten points, over many models. It grows with the
// error before, as the fall is then less of it.
func TestTenPointsAreFoundSoon(t *testing.T) {
	for i, p := range []float64{.015, .03, .05, .065} {
		var found []int
		for j := range 200 {
			random := rand.New(rand.NewPCG(uint64(i), uint64(j)))
			var d drift.Detector
			for range 20_000 {
				d.Add(draw(random, p))
			}
			if d.Firing() {
				t.Fatalf("a false alarm at %v", p)
			}
			n := 0
			for ; !d.Firing(); n++ {
				d.Add(draw(random, p+.1))
			}
			found = append(found, n)
		}
		slices.Sort(found)
		mean := 0
		for _, n := range found {
			mean += n
		}
		mean /= len(found)
		t.Logf("an error of %v: found after %d labels on average, %d to %d", p, mean, found[0], found[len(found)-1])
		if mean < 105 || mean > 266 {
			t.Error("expected 105 to 266")
		}
	}
}

func draw(random *rand.Rand, p float64) float64 {
	if random.Float64() < p {
		return 1
	}
	return 0
}

func add(d *drift.Detector, times int, x float64) {
	for range times {
		d.Add(x)
	}
}

// falls returns a detector that fires: never wrong, then always.
func falls(t *testing.T) *drift.Detector {
	t.Helper()
	d := new(drift.Detector)
	add(d, 2000, 0)
	add(d, 10, 1)
	if !d.Firing() {
		t.Fatalf("evidence is %v", d.Evidence())
	}
	return d
}

func TestTheLevelIsThatSinceTheFall(t *testing.T) {
	d := falls(t)
	if level, requests := d.Level(); level != 1 || requests > 10 {
		t.Errorf("%v over %d requests; all ten were wrong", level, requests)
	}
	add(d, 500, .25)
	if level, requests := d.Level(); level != .25 || requests != 100 {
		t.Errorf("%v over %d requests; a quarter of the last hundred was wrong", level, requests)
	}
}

// However long a model was bad, it needs but some hundred good labels to be
// trusted again, and what was bad has not become normal.
func TestAnAlarmEndsWhenTheModelIsBack(t *testing.T) {
	d := falls(t)
	was := d.Reference()
	add(d, 100_000, 1)
	if !d.Firing() || d.Reference() != was {
		t.Errorf("firing %v; the reference went from %v to %v", d.Firing(), was, d.Reference())
	}
	n := 0
	for ; d.Firing() && n < 10_000; n++ {
		d.Add(0)
	}
	if n > 1000 {
		t.Errorf("it took %d labels", n)
	}
	add(d, 5000, 0)
	add(d, 10, 1)
	if !d.Firing() {
		t.Errorf("the next fall was not found; the reference is %v", d.Reference())
	}
}

func TestAcceptedErrorsAreNormal(t *testing.T) {
	d := falls(t)
	add(d, 990, 1)
	d.Accept()
	if d.Firing() || d.Evidence() != 0 || d.Reference() < .99 {
		t.Errorf("firing %v, evidence %v, reference %v", d.Firing(), d.Evidence(), d.Reference())
	}
	given := drift.Expecting(.01)
	given.Accept()
	if given.Reference() == 0 {
		t.Error("nothing was there to accept, and the reference is gone")
	}
}

func TestScale(t *testing.T) {
	var c drift.Scale
	var replayed []float64
	for i := range drift.MinBaseline {
		if c.Known() {
			t.Fatalf("known after %d", i)
		}
		c.Learn(float64(i%10), func(e float64) { replayed = append(replayed, e) })
	}
	if !c.Known() || len(replayed) != drift.MinBaseline {
		t.Fatalf("known %v, %d replayed", c.Known(), len(replayed))
	}
	for e, want := range map[float64]float64{0: 0, 5: .5, 15: .75, 1e300: 1} {
		got := c.Bounded(e)
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%v became %v; expected %v", e, got, want)
		}
		if back := c.Unbounded(got); e < 100 && math.Abs(back-e) > 1e-12 || math.IsInf(back, 0) {
			t.Errorf("%v came back as %v", e, back)
		}
	}
	var perfect drift.Scale
	for range drift.MinBaseline {
		perfect.Learn(0, func(float64) {})
	}
	if perfect.Bounded(0) != 0 || perfect.Bounded(1e-9) != 1 {
		t.Errorf("%v, %v", perfect.Bounded(0), perfect.Bounded(1e-9))
	}
}

func BenchmarkAdd(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	errs := make([]float64, 1<<16)
	for i := range errs {
		errs[i] = draw(random, .05)
	}
	var d drift.Detector
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		x := errs[i&(1<<16-1)]
		d.Add(x)
		i++
	}
}
