package weights

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"
)

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
	return safetensors(map[string]tensor{
		"0.weight": {[]int{2, 3}, []float32{1, 0, 1, 0, 0, 1}},
		"0.bias":   {[]int{2}, []float32{0.5, 0}},
		"2.weight": {[]int{2, 2}, []float32{0, 7, 2 * float32(math.Log(3)), -7}},
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

// safetensors writes float32 tensors in the order of their names.
func safetensors(tensors map[string]tensor) []byte {
	var head []string
	var data []byte
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		t, begin := tensors[name], len(data)
		for _, x := range t.values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		shape := strings.ReplaceAll(fmt.Sprint(t.shape), " ", ",")
		head = append(head, fmt.Sprintf(`%q:{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, name, shape, begin, len(data)))
	}
	return framed("{"+strings.Join(head, ",")+"}", data)
}

// framed puts a header before data, as a safetensors file has it.
func framed(header string, data []byte) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), data...)
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// wantError checks that err is a *BundleError about a field, with a text.
func wantError(t *testing.T, err error, field, says string) {
	t.Helper()
	var e *BundleError
	if !errors.As(err, &e) {
		t.Fatalf("error %v; want a *BundleError", err)
	}
	if e.Field != field || !strings.Contains(err.Error(), says) {
		t.Errorf("error %q (field %q); want field %q and a text with %q", err, e.Field, field, says)
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
		t.Errorf("error %q has control characters", err)
	}
}
