//go:build linux

package chaos_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/engines"
)

// writeBundle writes a dense network with random weights and returns its folder.
func writeBundle(t *testing.T, name string, widths ...int) string {
	t.Helper()
	var classes []string
	for i := range widths[len(widths)-1] {
		classes = append(classes, fmt.Sprintf("class %d", i))
	}
	var layers []map[string]string
	var head = map[string]any{}
	var data []byte
	random := rand.New(rand.NewPCG(1, 2))
	for i := range len(widths) - 1 {
		weight := fmt.Sprintf("%d.weight", i)
		begin := len(data)
		data = appendWeights(data, random, widths[i], widths[i+1])
		head[weight] = map[string]any{"dtype": "F32", "shape": []int{widths[i+1], widths[i]}, "data_offsets": []int{begin, len(data)}}
		layers = append(layers, map[string]string{"weight": weight, "activation": "relu"})
	}
	layers[len(layers)-1]["activation"] = "softmax"
	manifest := map[string]any{
		"name": name, "version": "1", "task": "classification", "features": widths[0], "classes": classes,
		"input":   map[string]any{"uint8_scale": 1.0 / 255},
		"engines": map[string]any{"dense": map[string]any{"file": "model.safetensors", "layers": layers}},
	}
	header := encode(t, head)
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	folder := t.TempDir()
	for file, content := range map[string][]byte{"manifest.json": encode(t, manifest), "model.safetensors": append(file, data...)} {
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// appendWeights draws a layer that keeps the size of what goes through it.
func appendWeights(data []byte, random *rand.Rand, in, out int) []byte {
	scale := 2 / math.Sqrt(float64(in))
	data = slices.Grow(data, 4*in*out)
	for range in * out {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32((random.Float64()*2-1)*scale)))
	}
	return data
}

func encode(t *testing.T, what any) []byte {
	t.Helper()
	b, err := json.Marshal(what)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// question is a digit, as it is asked, and the scores that a session of the
// model gives in this process.
type question struct {
	binary []byte // uint8, with scores
	json   []byte
	scores []float32
	class  int
}

// questions has the model in a folder, or else the embedded one, answer held-out
// digits.
func questions(t *testing.T, folder string) []question {
	t.Helper()
	bundle, err := weights.Default(engines.All(engines.Options{}))
	if folder != "" {
		bundle, err = weights.Open(folder, engines.All(engines.Options{}))
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := bundle.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	session, err := m.NewSession(1)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	rows, err := weights.HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	list := make([]question, 200)
	for i := range list {
		list[i] = ask(t, m.Spec(), session, rows.Row(i))
	}
	return list
}

func ask(t *testing.T, spec model.Spec, session model.Session, pixels []byte) question {
	t.Helper()
	features := make([]float32, len(pixels))
	for i, pixel := range pixels {
		features[i] = float32(pixel) * float32(spec.Input.Uint8Scale)
	}
	q := question{scores: make([]float32, spec.Width())}
	if err := session.Predict(q.scores, features, 1); err != nil {
		t.Fatal(err)
	}
	q.class = slices.Index(q.scores, slices.Max(q.scores))
	q.binary = binaryRequest(1, 0, pixels)
	q.json = encode(t, map[string]any{"features": features, "request_id": 0, "detail": []string{"scores"}})
	return q
}

// binaryRequest is a request of uint8 rows for the model with an index in hello,
// with scores.
func binaryRequest(rows, model int, pixels []byte) []byte {
	b := make([]byte, 24, 24+len(pixels))
	b[0], b[1], b[2] = 1, 2, 1
	binary.LittleEndian.PutUint32(b[4:], uint32(rows))
	binary.LittleEndian.PutUint32(b[20:], uint32(model))
	return append(b, pixels...)
}
