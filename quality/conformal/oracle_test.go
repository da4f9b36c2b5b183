package conformal_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"penstock/quality/conformal"
)

type oracle struct {
	Alphas []float64
	Cases  []oracleCase
}

type oracleCase struct {
	Name         string
	Conformities []float32
	Fresh        [][]float32
	Sets         [][][]int // of each alpha and fresh row
	Radius       []float64 // of each alpha
}

// TestAgainstMAPIE compares sets and intervals with those of MAPIE's
// SplitConformalClassifier and SplitConformalRegressor; testdata/oracle.py says how.
func TestAgainstMAPIE(t *testing.T) {
	text, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var all oracle
	if err := json.Unmarshal(text, &all); err != nil || len(all.Cases) < 7 {
		t.Fatalf("%d cases, %v", len(all.Cases), err)
	}
	for _, c := range all.Cases {
		t.Run(c.Name, func(t *testing.T) {
			w := conformal.NewFixed(all.Alphas...)
			for _, x := range c.Conformities {
				w.Add(x)
			}
			for k, alpha := range all.Alphas {
				threshold := w.Threshold(alpha)
				if c.Radius != nil && -threshold != float32(c.Radius[k]) {
					t.Errorf("the interval of %v is ± %v; expected %v", alpha, -threshold, c.Radius[k])
				}
				for i, p := range c.Fresh {
					c.compare(t, alpha, p, threshold, c.Sets[k][i])
				}
			}
		})
	}
}

// compare allows for the one difference: MAPIE's sets may be empty.
func (c *oracleCase) compare(t *testing.T, alpha float64, p []float32, threshold float32, want []int) {
	t.Helper()
	if len(want) == 0 {
		want = []int{slices.Index(p, slices.Max(p))}
	}
	got := conformal.Members(nil, p, threshold)
	same := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		same = same && int(got[i]) == want[i]
	}
	if !same {
		t.Errorf("alpha %v, %v: the set is %v; expected %v", alpha, p, got, want)
	}
}
