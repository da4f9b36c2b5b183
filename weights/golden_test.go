package weights_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/fstest"

	"penstock/model/dense"
	"penstock/weights"
	"penstock/weights/safetensors"
	"penstock/weights/weightstest"
)

// tiny is a regression of 4 features whose scores are about 1e-4, with an
// activation behind its hidden layer.
func tiny(t *testing.T, activation dense.Activation, golden []byte) *weights.Bundle {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	values := func(n int, size float64) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(size * random.NormFloat64())
		}
		return v
	}
	files := fstest.MapFS{
		"w": {Data: weightstest.Safetensors(map[string]safetensors.Tensor{
			"1": {Shape: []int{8, 4}, Values: values(32, 1)}, "2": {Shape: []int{1, 8}, Values: values(8, 3e-5)},
		})},
		"manifest.json": {Data: fmt.Appendf(nil, `{"name":"r","version":"1","task":"regression","features":4,"golden":"golden.json",
			"engines":{"dense":{"file":"w","layers":[{"weight":"1","activation":%q},{"weight":"2","activation":"identity"}]}}}`, activation)},
		"golden.json": {Data: golden},
	}
	if golden == nil {
		replace(files, `"golden":"golden.json",`, ``)
	}
	b, err := weights.OpenFS(files, "test", known)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// However small the scores, golden rows tell one activation from another, and
// take what the right one computes.
func TestGoldenRowsTellActivationsApart(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const rows = 12
	features := make([]float32, rows*4)
	for i := range features {
		features[i] = float32(random.NormFloat64())
	}
	for _, right := range dense.Activations() {
		if right == dense.Softmax {
			continue
		}
		b := tiny(t, right, nil)
		loaded := load(t, b, nil)
		scores := make([]float32, rows)
		if _, err := weights.PredictOnce(loaded, scores, features, rows); err != nil {
			t.Fatal(err)
		}
		golden := map[string][][]float32{}
		for r := range rows {
			golden["features"] = append(golden["features"], features[r*4:][:4])
			golden["scores"] = append(golden["scores"], scores[r:r+1])
		}
		text, err := json.Marshal(golden)
		if err != nil {
			t.Fatal(err)
		}
		for _, claimed := range dense.Activations() {
			if claimed == dense.Softmax {
				continue
			}
			b := tiny(t, claimed, text)
			if _, err := b.Load(""); (err == nil) != (claimed == right) {
				t.Errorf("golden rows of %s, manifest says %s: %v", right, claimed, err)
			}
		}
	}
}
