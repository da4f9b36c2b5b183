package calibrate_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"penstock/quality/calibrate"
)

func anyCalibrator(t *rapid.T) *calibrate.Calibrator {
	slope := rapid.Float64Range(0.001, 20)
	switch rapid.SampledFrom([]calibrate.Kind{calibrate.Identity, calibrate.Temperature, calibrate.Beta}).Draw(t, "kind") {
	case calibrate.Temperature:
		a := slope.Draw(t, "a")
		return &calibrate.Calibrator{Kind: calibrate.Temperature, A: a, B: a}
	case calibrate.Beta:
		return &calibrate.Calibrator{Kind: calibrate.Beta, A: slope.Draw(t, "a"), B: slope.Draw(t, "b"), C: rapid.Float64Range(-20, 20).Draw(t, "c")}
	}
	return &calibrate.Calibrator{}
}

// TestApplyKeepsOrder: confidences stay within [0,1] and in their order.
func TestApplyKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalibrator(t)
		all := append(rapid.SliceOf(rapid.Float32Range(0, 1)).Draw(t, "p"), 0, 1)
		for _, p := range all { // and neighbours
			all = append(all, math.Nextafter32(p, 0), math.Nextafter32(p, 1))
		}
		slices.Sort(all)
		before := float32(0)
		for _, p := range all {
			got := c.Apply(p)
			if !(got >= before && got <= 1) {
				t.Fatalf("%v makes %v of %v, after %v", c, got, p, before)
			}
			before = got
		}
	})
}

// TestApplyFormula compares with the formula as it is written down.
func TestApplyFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalibrator(t)
		p := rapid.Float32Range(0.001, 0.999).Draw(t, "p")
		x := float64(p)
		want := 1 / (1 + 1/(math.Exp(c.C)*math.Pow(x, c.A)/math.Pow(1-x, c.B)))
		if c.Kind == calibrate.Identity {
			want = x
		}
		if got := float64(c.Apply(p)); math.Abs(got-want) > 1e-6 {
			t.Fatalf("%v makes %v of %v; expected %v", c, got, p, want)
		}
	})
}

func TestIdentity(t *testing.T) {
	var none *calibrate.Calibrator
	for _, p := range []float32{0, 0.3, 1} {
		if got := none.Apply(p); got != p {
			t.Errorf("nil makes %v of %v", got, p)
		}
		if got := (&calibrate.Calibrator{}).Apply(p); got != p {
			t.Errorf("the zero value makes %v of %v", got, p)
		}
	}
	if got := none.String(); got != "as the model gives it" {
		t.Errorf("nil is called %q", got)
	}
	if got := none.Parameters(); got == nil || len(got) != 0 {
		t.Errorf("nil has the parameters %v; expected an empty list", got)
	}
}

func TestWords(t *testing.T) {
	warm := &calibrate.Calibrator{Kind: calibrate.Temperature, A: 0.5, B: 0.5}
	beta := &calibrate.Calibrator{Kind: calibrate.Beta, A: 1.5, B: 0.5, C: -0.25}
	if got := warm.String(); got != "temperature 2" {
		t.Errorf("%q", got)
	}
	if got := beta.String(); got != "beta a=1.5 b=0.5 c=-0.25" {
		t.Errorf("%q", got)
	}
	if got := warm.Parameters(); !slices.Equal(got, []float64{2}) {
		t.Errorf("the parameters of a temperature of 2 are %v", got)
	}
	if got := beta.Parameters(); !slices.Equal(got, []float64{1.5, .5, -.25}) {
		t.Errorf("the parameters of beta are %v", got)
	}
	if got := []string{calibrate.Identity.String(), calibrate.Temperature.String(), calibrate.Beta.String(), calibrate.Kind(7).String()}; !slices.Equal(got, []string{"identity", "temperature", "beta", "Kind(7)"}) {
		t.Errorf("kinds are called %v", got)
	}
}

// TestOutside: what is no confidence becomes the nearer end, or stays no number.
func TestOutside(t *testing.T) {
	for _, c := range []*calibrate.Calibrator{
		{Kind: calibrate.Temperature, A: 0.5, B: 0.5},
		{Kind: calibrate.Beta, A: 0.5, B: 0.7, C: 0.1},
	} {
		if low, high := c.Apply(-3), c.Apply(7); low != c.Apply(0) || high != c.Apply(1) {
			t.Errorf("%v makes %v and %v of -3 and 7; expected %v and %v", c, low, high, c.Apply(0), c.Apply(1))
		}
		if got := c.Apply(float32(math.NaN())); got == got {
			t.Errorf("%v makes %v of no number", c, got)
		}
	}
}

// TestFitIsLowest: no step away from a fit, within what is allowed, has a lower loss.
func TestFitIsLowest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "rows")
		p, right, w := make([]float64, n), make([]bool, n), make([]float64, n)
		for i := range n {
			p[i] = rapid.SampledFrom([]float64{0, 1, 0.5, rapid.Float64Range(0, 1).Draw(t, "p")}).Draw(t, "which")
			right[i] = rapid.Bool().Draw(t, "right")
			w[i] = rapid.Float64Range(0.01, 1).Draw(t, "w")
		}
		away := rapid.Float64Range(-0.5, 0.5)
		beta, warm := calibrate.FitBeta(p, right, w), calibrate.FitTemperature(p, right, w)
		for range 5 {
			other := beta
			other.A = max(other.A+away.Draw(t, "da"), 0.001)
			other.B = max(other.B+away.Draw(t, "db"), 0.001)
			other.C += away.Draw(t, "dc")
			if a, b := penalised(beta, p, right, w), penalised(other, p, right, w); b < a-1e-9 {
				t.Fatalf("%+v has a loss of %v, %+v one of %v", beta, a, other, b)
			}
			slope := max(warm.A+away.Draw(t, "da"), 0.001)
			cooler := calibrate.Calibrator{Kind: calibrate.Temperature, A: slope, B: slope}
			if a, b := penalised(warm, p, right, w), penalised(cooler, p, right, w); b < a-1e-9 {
				t.Fatalf("%+v has a loss of %v, %+v one of %v", warm, a, cooler, b)
			}
		}
	})
}

// penalised is the log loss of all rows and the prior's part.
func penalised(c calibrate.Calibrator, p []float64, right []bool, w []float64) float64 {
	const tiny = 1.0 / (1 << 25)
	sum := (c.A - 1) * (c.A - 1)
	if c.Kind == calibrate.Beta {
		sum += (c.B-1)*(c.B-1) + c.C*c.C
	}
	sum *= 0.05
	for i := range p {
		z := c.A*math.Log(max(p[i], tiny)) - c.B*math.Log(max(1-p[i], tiny)) + c.C
		if right[i] {
			z = -z
		}
		sum += w[i] * (max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))))
	}
	return sum
}

func TestFitPanics(t *testing.T) {
	for _, w := range [][]float64{nil, {1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("two confidences and one answer are fitted")
				}
			}()
			calibrate.FitBeta([]float64{.5, .6}, []bool{true}, w)
		}()
	}
}
