package shift_test

import (
	"math/rand/v2"
	"testing"

	"penstock/quality/shift"
	"penstock/weights"
	"penstock/weights/engines"
)

// TestBuiltInReference: the digits that the binary carries for the demo, which the
// model was not trained on, are like the built-in reference, and are not when each is
// inverted.
func TestBuiltInReference(t *testing.T) {
	bundle, err := weights.Default(engines.All(engines.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := bundle.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	rows, err := weights.HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	spec := loaded.Spec()
	row := make([]float32, spec.Features)
	for name, inverted := range map[string]bool{"as they are": false, "inverted": true} {
		d := shift.New(loaded.Reference, spec)
		random := rand.New(rand.NewPCG(9, 9))
		for range 20 / slower {
			for _, i := range random.Perm(rows.Len()) {
				for j, x := range rows.Row(i) {
					if inverted {
						x = 255 - x
					}
					row[j] = float32(float64(x) * spec.Input.Uint8Scale)
				}
				d.Add(row, nil, nan)
			}
			r := d.Report()
			t.Log(r.P)
			if r.Firing != inverted {
				t.Fatalf("%s: firing %v, p %v: %s", name, r.Firing, r.P, r.Text)
			}
			if len(r.Map) != spec.Features || r.ReferenceRows != 20000 {
				t.Fatalf("a map of %d features, a reference of %d rows", len(r.Map), r.ReferenceRows)
			}
		}
	}
}
