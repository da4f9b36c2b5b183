package weights_test

import (
	"math"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"penstock/weights/engines"
	"penstock/weights/safetensors"
	"penstock/weights/weightstest"
)

// known are the engines of this house.
var known = engines.All(engines.Options{})

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// smallManifest describes small(): 3 features, 2 hidden values, 2 classes.
const smallManifest = `{
  "name": "small", "version": "1", "task": "classification", "features": 3, "classes": ["no", "yes"],
  "input": { "uint8_scale": 0.5, "mean": [0, 1, 2], "std": 2 },
  "engines": { "dense": { "file": "model.safetensors", "layers": [
    { "weight": "0.weight", "bias": "0.bias", "activation": "relu" },
    { "weight": "2.weight", "activation": "softmax" } ] } },
  "calibration": { "temperature": 2 }, "golden": "golden.json"
}`

// smallGolden was worked out by hand: x' = (1, 0, −1); the hidden values are
// relu(1 − 1 + 0.5) and relu(−1); the logits (0, ln 3), divided by T = 2; the
// scores 1 and √3 to their sum.
const smallGolden = `{"features": [[2, 1, 0]], "scores": [[0.36602540378443865, 0.6339745962155614]]}`

// smallWeights is a network whose second hidden value, were it not cut off at
// zero, would show in the scores.
func smallWeights() []byte {
	return weightstest.Safetensors(map[string]safetensors.Tensor{
		"0.weight": {Shape: []int{2, 3}, Values: []float32{1, 0, 1, 0, 0, 1}},
		"0.bias":   {Shape: []int{2}, Values: []float32{0.5, 0}},
		"2.weight": {Shape: []int{2, 2}, Values: []float32{0, 7, 2 * float32(math.Log(3)), -7}},
	})
}

// small is a whole bundle, as files.
func small() fstest.MapFS {
	return fstest.MapFS{
		"manifest.json":     {Data: []byte(smallManifest)},
		"model.safetensors": {Data: smallWeights()},
		"golden.json":       {Data: []byte(smallGolden)},
	}
}
