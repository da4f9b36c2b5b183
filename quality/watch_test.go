package quality_test

import (
	"strings"
	"testing"

	"penstock/model"
	"penstock/quality"
	"penstock/quality/shift"
)

// TestWhoSendsOtherRows: one user alone can send rows unlike the reference, and is named
// beside what has changed; a user without others is not.
func TestWhoSendsOtherRows(t *testing.T) {
	spec := model.Spec{Name: "prices", Version: "1", Features: 1, Outputs: []model.Output{{Name: "price", Kind: model.Values, Width: 1}}}
	sample := make([]float64, 2000)
	for i := range sample {
		sample[i] = float64(i % 100)
	}
	for name, c := range map[string]struct {
		ann  int // of ten rows
		want string
	}{
		"beside another": {1, `; 90.0 % of these rows are of "eve"`},
		"alone":          {0, ""},
	} {
		reference := model.NewReference(spec, sample)
		s, err := quality.New(quality.Options{Record: true})
		if err != nil {
			t.Fatal(err)
		}
		one, err := s.Add(quality.Model{
			Name: "prices", Version: "1", Judge: quality.NewValuesJudge(1), Kind: quality.ValuesKind, Shift: shift.New(&reference, spec),
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3000 {
			if i%10 < c.ann {
				one.Watch([]float32{float32(i % 100)}, []float32{1}, 0.5, "ann")
			} else {
				one.Watch([]float32{1e6}, []float32{1}, 0.5, "eve")
			}
		}
		firing, text := one.Shifted()
		if !firing || !strings.HasSuffix(text, c.want) || strings.Contains(text, "eve") != (c.want != "") {
			t.Errorf("%s: firing %t, %q; expected it to end with %q", name, firing, text, c.want)
		}
		var batch quality.Batch
		s.Take(&batch)
		if len(batch.Events) != 1 || batch.Events[0].Kind != "drift" {
			t.Errorf("%s: events %+v", name, batch.Events)
		}
	}
}
