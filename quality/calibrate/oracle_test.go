package calibrate_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"penstock/quality/calibrate"
)

type oracleCase struct {
	Name               string
	P                  []float64
	Right              []bool
	W                  []float64
	Temperature        []float64
	Beta               []float64
	ECE, Floor, Gap, Z float64
	Betacal            []float64
}

// TestAgainstScipy compares fits and reports with what scipy and MAPIE make of the same
// rows; testdata/oracle.py says how.
func TestAgainstScipy(t *testing.T) {
	text, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []oracleCase
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) < 9 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			c.compareFits(t)
			c.compareReport(t)
		})
	}
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within*max(1, math.Abs(want))) {
		t.Errorf("%s is %v; expected %v", what, got, want)
	}
}

func (c *oracleCase) compareFits(t *testing.T) {
	got := calibrate.FitTemperature(c.P, c.Right, c.W)
	near(t, "1/temperature", got.A, c.Temperature[0], 1e-9)
	if got.Kind != calibrate.Temperature || got.A != got.B || got.C != 0 {
		t.Errorf("temperature is %+v", got)
	}
	got = calibrate.FitBeta(c.P, c.Right, c.W)
	near(t, "a", got.A, c.Beta[0], 1e-9)
	near(t, "b", got.B, c.Beta[1], 1e-9)
	near(t, "c", got.C, c.Beta[2], 1e-9)
	// betacal has no prior, and these are few rows.
	for i, p := range []float32{.5, .7, .9, .99} {
		if c.Betacal != nil {
			near(t, "what betacal predicts", float64(got.Apply(p)), c.Betacal[i], 0.01)
		}
	}
}

// compareReport looks at a fitter that is frozen, so that it shows what it is given.
func (c *oracleCase) compareReport(t *testing.T) {
	f := calibrate.NewFitter()
	f.Freeze(true)
	for i, p := range c.P {
		f.Add(float32(p), c.Right[i], uint64(i))
	}
	report := f.Report()
	near(t, "raw ECE", report.RawECE, c.ECE, 1e-12)
	near(t, "ECE", report.ECE, c.ECE, 1e-12)
	near(t, "floor", report.Floor, c.Floor, 1e-12)
	near(t, "gap", report.Gap, c.Gap, 1e-12)
	near(t, "Spiegelhalter's z", report.Z, c.Z, 1e-9)
	near(t, "capped z", report.CappedZ, c.Z, 1e-9)
	if report.Rows != len(c.P) {
		t.Errorf("%d rows; expected %d", report.Rows, len(c.P))
	}
}
