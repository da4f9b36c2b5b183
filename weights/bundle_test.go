package weights_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/weights"
	"penstock/weights/engines/dense"
	"penstock/weights/engines/torchscript"
	"penstock/weights/safetensors"
	"penstock/weights/weightstest"
)

// onDisk writes a bundle into a folder of its own.
func onDisk(t testing.TB, files fstest.MapFS) string {
	folder := t.TempDir()
	for name, f := range files {
		if err := os.WriteFile(filepath.Join(folder, name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func load(t testing.TB, b *weights.Bundle, err error) *weights.Loaded {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := b.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestLoad(t *testing.T) {
	b, err := weights.Open(onDisk(t, small()), known)
	loaded := load(t, b, err)
	if loaded.Spec().Engine != dense.Name || loaded.File != "model.safetensors" || loaded.SHA256 != weightstest.SumOf(smallWeights()) || loaded.Bytes != int64(len(smallWeights())) {
		t.Errorf("loaded %+v", loaded)
	}
	if loaded.GoldenRows != 1 || loaded.GoldenMaxDiff > 1e-6 || loaded.GoldenDuration <= 0 {
		t.Errorf("golden: %d rows, worst difference %v, %v", loaded.GoldenRows, loaded.GoldenMaxDiff, loaded.GoldenDuration)
	}
	if err := b.Check(); err != nil {
		t.Errorf("Check() = %v", err)
	}
	if err := loaded.Close(); err != nil {
		t.Error(err)
	}
}

func TestLoadedConforms(t *testing.T) {
	modeltest.Run(t, modeltest.Engine{AllocationFree: true, Open: func(t testing.TB) model.Model {
		b, err := weights.OpenFS(small(), "test", known)
		return load(t, b, err)
	}})
}

// The same network saved before its softmax, in half precision and without a
// golden file.
func TestLoadVariants(t *testing.T) {
	cases := map[string]func(fstest.MapFS){
		"logits": func(f fstest.MapFS) {
			replace(f, `"layers"`, `"output": "logits", "layers"`, `"softmax"`, `"identity"`)
		},
		"no golden": func(f fstest.MapFS) { replace(f, `, "golden": "golden.json"`, ``) },
		"other tensors beside": func(f fstest.MapFS) {
			f["model.safetensors"].Data = weightstest.Safetensors(map[string]safetensors.Tensor{
				"0.weight": {Shape: []int{2, 3}, Values: []float32{1, 0, 1, 0, 0, 1}}, "0.bias": {Shape: []int{2}, Values: []float32{0.5, 0}},
				"2.weight": {Shape: []int{2, 2}, Values: []float32{0, 7, 2 * float32(math.Log(3)), -7}}, "unused": {Shape: []int{1, 1, 1}, Values: []float32{1}},
			})
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			files := small()
			change(files)
			b, err := weights.OpenFS(files, "test", known)
			s, err := load(t, b, err).NewSession(1)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			scores := make([]float32, 2)
			if err := s.Predict(scores, []float32{2, 1, 0}, 1); err != nil {
				t.Fatal(err)
			}
			if math.Abs(float64(scores[1])-0.6339746) > 1e-6 {
				t.Errorf("scores %v; want 0.366 and 0.634", scores)
			}
		})
	}
}

// Golden values are held to a fraction of what lies between them.
func TestLoadRegression(t *testing.T) {
	files := fstest.MapFS{
		"manifest.json": {Data: []byte(`{"name":"r","version":"1","task":"regression","features":2,"golden":"golden.json",
			"engines":{"dense":{"file":"w","layers":[{"weight":"w","activation":"identity"}]}}}`)},
		"w":           {Data: weightstest.Safetensors(map[string]safetensors.Tensor{"w": {Shape: []int{1, 2}, Values: []float32{1000, 2000}}})},
		"golden.json": {Data: []byte(`{"features": [[1, 1], [0, 0.001]], "scores": [[3000.02], [2]]}`)},
	}
	b, err := weights.OpenFS(files, "test", known)
	loaded := load(t, b, err)
	if loaded.Spec().Width() != 1 || loaded.GoldenRows != 2 {
		t.Errorf("loaded %+v", loaded)
	}
}

// replace changes the manifest's text, pair by pair.
func replace(f fstest.MapFS, pairs ...string) {
	text := string(f["manifest.json"].Data)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			panic(fmt.Sprintf("the manifest has no %q", pairs[i]))
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	f["manifest.json"] = &fstest.MapFile{Data: []byte(text)}
}

// hashed gives a file a hash in the manifest.
func hashed(f fstest.MapFS, name, sum string) {
	replace(f, `"engines": {`, fmt.Sprintf(`"sha256": {%q: %q}, "engines": {`, name, sum))
}

// faults is row 30 of the catalogue of faults: each is refused, by Load and by
// Check, with what is wrong.
var faults = []struct {
	name   string
	change func(fstest.MapFS)
	field  string
	says   string
}{
	{"weights missing", func(f fstest.MapFS) { delete(f, "model.safetensors") }, "", "model.safetensors: is missing"},
	{"weights truncated", func(f fstest.MapFS) {
		f["model.safetensors"].Data = smallWeights()[:len(smallWeights())-1]
	}, `tensor "2.weight"`, "within"},
	{"weights truncated, hash given", func(f fstest.MapFS) {
		hashed(f, "model.safetensors", weightstest.SumOf(smallWeights()))
		f["model.safetensors"].Data = smallWeights()[:100]
	}, "", "manifest.json says"},
	{"weights altered, hash given", func(f fstest.MapFS) {
		hashed(f, "model.safetensors", weightstest.SumOf(smallWeights()))
		f["model.safetensors"].Data[len(smallWeights())-1] ^= 1
	}, "", "copy the bundle again"},
	{"absurd size in the header", func(f fstest.MapFS) {
		f["model.safetensors"].Data = weightstest.Framed(`{"t":{"dtype":"F32","shape":[99999999999],"data_offsets":[0,399999999996]}}`, nil)
	}, `tensor "t"`, "within the 0 bytes"},
	{"tensor missing", func(f fstest.MapFS) { replace(f, `"2.weight"`, `"3.weight"`) }, `tensor "3.weight"`, `the file has ["0.bias" "0.weight" "2.weight"]`},
	{"weight of one dimension", func(f fstest.MapFS) { replace(f, `"2.weight"`, `"0.bias"`) }, `tensor "0.bias"`, "expected 2 dimensions"},
	{"bias of two dimensions", func(f fstest.MapFS) { replace(f, `"0.bias"`, `"2.weight"`) }, `tensor "2.weight"`, "expected 1 dimensions"},
	{"features and first layer", func(f fstest.MapFS) {
		replace(f, `"features": 3`, `"features": 4`, `[0, 1, 2]`, `0`)
	}, "engines.dense.layers[0]", "takes 3 values but is given 4"},
	{"layers do not chain", func(f fstest.MapFS) { replace(f, `"2.weight"`, `"0.weight"`) }, "engines.dense.layers[1]", "takes 3 values but is given 2"},
	{"classes and last layer", func(f fstest.MapFS) { replace(f, `"yes"]`, `"yes", "maybe"]`) }, "engines.dense.layers[1]", "gives 2 scores; the model has 3"},
	{"activation unknown", func(f fstest.MapFS) { replace(f, `"relu"`, `"swish"`) }, "engines.dense.layers[0]", `"swish"`},
	{"no softmax", func(f fstest.MapFS) { replace(f, `"softmax"`, `"identity"`) }, "engines.dense.layers[1]", "expected softmax"},
	{"logits after a softmax", func(f fstest.MapFS) { replace(f, `"layers"`, `"output": "logits", "layers"`) }, "engines.dense.output", `expected "identity"`},
	{"golden missing", func(f fstest.MapFS) { delete(f, "golden.json") }, "", "golden.json: is missing"},
	{"golden altered, hash given", func(f fstest.MapFS) { hashed(f, "golden.json", strings.Repeat("0", 64)) }, "", "manifest.json says"},
	{"golden not reproduced", func(f fstest.MapFS) {
		f["golden.json"].Data = []byte(`{"features": [[2, 1, 0]], "scores": [[0.3662, 0.6338]]}`)
	}, "scores", "expected 0.3662 (tolerance"},
	{"golden of other normalisation", func(f fstest.MapFS) { replace(f, `[0, 1, 2]`, `[1, 1, 2]`) }, "scores", "do not belong together"},
	{"golden without rows", func(f fstest.MapFS) { f["golden.json"].Data = []byte(`{"features": [], "scores": []}`) }, "features", "1 to 1024"},
	{"golden row short", func(f fstest.MapFS) { f["golden.json"].Data = []byte(`{"features": [[2, 1]], "scores": [[0, 1]]}`) }, "features", "row 0 has 2 features"},
	{"golden with null", func(f fstest.MapFS) {
		f["golden.json"].Data = []byte(`{"features": [[2, 1, null]], "scores": [[0, 1]]}`)
	}, "features", "null"},
	{"golden beyond float32", func(f fstest.MapFS) {
		f["golden.json"].Data = []byte(`{"features": [[2, 1, 1e39]], "scores": [[0, 1]]}`)
	}, "features", "beyond float32"},
}

func TestFaults(t *testing.T) {
	for _, c := range faults {
		t.Run(c.name, func(t *testing.T) {
			files := small()
			c.change(files)
			b, err := weights.Open(onDisk(t, files), known)
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Load("")
			weightstest.WantError(t, err, c.field, c.says)
			if b.Check() == nil {
				t.Error("Check() accepts it")
			}
		})
	}
}

// A program's hash is looked at by Check, though this build cannot run it, and
// not by Load of another engine.
func TestFilesOfOtherEngines(t *testing.T) {
	files := small()
	files["model.pt"] = &fstest.MapFile{Data: []byte("a program")}
	replace(files, `"engines": {`, `"engines": { "torchscript": {"file": "model.pt"},`)
	hashed(files, "model.pt", weightstest.SumOf([]byte("another program")))
	b, err := weights.OpenFS(files, "test", known)
	load(t, b, err)
	if want := []string{dense.Name, torchscript.Name}; !slices.Equal(b.Engines(), want) {
		t.Errorf("Engines() = %q; want %q", b.Engines(), want)
	}
	if hashes := maps.Keys(b.Hashes()); len(slices.Collect(hashes)) != 1 {
		t.Errorf("Hashes() = %v; want one", b.Hashes())
	}
	weightstest.WantError(t, b.Check(), "", "model.pt: has SHA-256")
}

func TestDenseOnACard(t *testing.T) {
	b, err := weights.OpenFS(small(), "test", known)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.LoadAt(dense.Name, weights.Place{Device: "cuda:0"})
	weightstest.WantError(t, err, "engines.dense", `on "cuda:0" run the engine torchscript`)
}

func TestLoadUnknownEngine(t *testing.T) {
	b, err := weights.OpenFS(small(), "test", known)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Load("onnx")
	weightstest.WantError(t, err, "engines", `has no "onnx"; it names ["dense"]`)
}
