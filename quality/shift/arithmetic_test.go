package shift_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"penstock/quality/shift"
)

type twoSamples struct{ Live, Reference []int }

// TestAgainstScipy compares the tests with scipy's; testdata/oracle.py says how.
func TestAgainstScipy(t *testing.T) {
	text, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases struct {
		Tail []struct {
			X, P float64
			DF   int
		}
		Exact []struct {
			K, T, N, M int
			P          float64
		}
		Form []struct {
			twoSamples
			G  float64
			DF int
		}
		Rank []struct {
			twoSamples
			Z float64
		}
		Discovery []struct{ P, Q []float64 }
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases.Exact) < 100 || len(cases.Rank) < 50 {
		t.Fatalf("%d and %d cases, %v", len(cases.Exact), len(cases.Rank), err)
	}
	same := func(what any, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*math.Abs(want) && math.Abs(got-want) > 1e-300 {
			t.Errorf("%+v: %v, scipy has %v", what, got, want)
		}
	}
	for _, c := range cases.Tail {
		same(c, shift.ChiSquareTail(c.X, c.DF), c.P)
	}
	for _, c := range cases.Exact {
		same(c, shift.MoreOf(c.K, c.T, c.N, c.M), c.P)
	}
	for _, c := range cases.Form {
		g, df := shift.LikelihoodRatio(c.Live, c.Reference)
		same(c, g, c.G)
		same(c, float64(df), float64(c.DF))
	}
	for _, c := range cases.Rank {
		same(c, shift.RankTest(c.Live, c.Reference), c.Z)
	}
	for _, c := range cases.Discovery {
		for i, q := range shift.FalseDiscovery(c.P) {
			same(c, q, c.Q[i])
		}
	}
}
