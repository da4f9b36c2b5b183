package weights_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/weightstest"
)

// manifestCases are good and bad manifests: the small one with a piece of its
// text replaced. They are the fuzz target's seeds as well.
var manifestCases = []struct {
	name      string
	old, new  string
	field     string // of the error; with says empty the manifest is good
	says      string
	wholeText bool // new is the whole text
}{
	{name: "whole"},
	{name: "one mean", old: `[0, 1, 2]`, new: `0.5`},
	{name: "deviation near the end of float32", old: `"std": 2`, new: `"std": 3e38`},
	{name: "no input", old: `"input": { "uint8_scale": 0.5, "mean": [0, 1, 2], "std": 2 },`, new: ``},
	{name: "no calibration", old: `"calibration": { "temperature": 2 },`, new: ``},
	{name: "no golden", old: `, "golden": "golden.json"`, new: ``},
	{name: "shape", old: `"uint8_scale"`, new: `"shape": [1, 3, 1], "uint8_scale"`},
	{name: "output named", old: `"layers"`, new: `"output": "probabilities", "layers"`},
	{name: "file in a folder", old: `"model.safetensors"`, new: `"a/b/model.safetensors"`},
	{name: "accuracy", old: `"name"`, new: `"accuracy": 0.97, "name"`},
	{name: "regression", wholeText: true, new: `{"name":"r","version":"2.0-rc.1","task":"regression","features":1,
		"engines":{"dense":{"file":"m","layers":[{"weight":"w","activation":"identity"}]}}}`},
	{name: "torchscript with its hash", old: `"engines": {`, new: `"sha256": {"m.pt": "` + strings.Repeat("Ab", 32) + `"}, "engines": { "torchscript": {"file":"m.pt","output":"logits"},`},

	{name: "empty", wholeText: true, new: ``, says: "not valid JSON"},
	{name: "truncated", old: `"golden.json"` + "\n}", new: `"golden.json"`, says: "not valid JSON"},
	{name: "an array", wholeText: true, new: `[]`, says: "not a JSON object"},
	{name: "byte order mark", wholeText: true, new: "\ufeff" + smallManifest, says: "not valid JSON"},
	{name: "not UTF-8", old: `"no"`, new: "\"\xff\"", says: "UTF-8"},
	{name: "data after it", wholeText: true, new: smallManifest + `{}`, says: "after its closing brace"},
	{name: "deep", wholeText: true, new: `{"name":` + strings.Repeat(`[`, 100_000), says: "depth"},
	{name: "unknown field", old: `"name"`, new: `"gain": 1, "name"`, says: `"gain" that is not known`},
	{name: "unknown field within", old: `"file"`, new: `"device": 1, "file"`, field: "engines.dense", says: `"device"`},
	{name: "another case", old: `"name"`, new: `"Name"`, field: "name", says: "is missing"},
	{name: "duplicate key", old: `"name"`, new: `"name": "x", "name"`, says: `names "name" twice`},
	{name: "duplicate key within", old: `"std": 2`, new: `"std": 2, "std": 3`, field: "input", says: `"std" twice`},

	{name: "name missing", old: `"name": "small",`, new: ``, field: "name", says: "is missing"},
	{name: "name empty", old: `"small"`, new: `""`, field: "name", says: "1 to 64"},
	{name: "name with a slash", old: `"small"`, new: `"../small"`, field: "name", says: "1 to 64"},
	{name: "name with a line break", old: `"small"`, new: `"a\nb"`, field: "name", says: "1 to 64"},
	{name: "name is null", old: `"small"`, new: `null`, field: "name", says: "null"},
	{name: "name is a number", old: `"small"`, new: `7`, field: "name", says: "JSON number; expected string"},
	{name: "task unknown", old: `"classification"`, new: `"ranking"`, field: "task", says: `"ranking"`},
	{name: "no features", old: `"features": 3`, new: `"features": 0`, field: "features", says: "at least one"},
	{name: "features absurd", old: `"features": 3`, new: `"features": 1000000000000`, field: "features", says: "at most 1048576"},
	{name: "features beyond int", old: `"features": 3`, new: `"features": 1e30`, field: "features", says: "expected int"},
	{name: "half a feature", old: `"features": 3`, new: `"features": 3.5`, field: "features", says: "expected int"},
	{name: "same class twice", old: `["no", "yes"]`, new: `["no", "no"]`, field: "classes", says: "distinct"},
	{name: "class is null", old: `["no", "yes"]`, new: `["no", null]`, field: "classes[1]", says: "1 to 128 bytes"},
	{name: "class with a control character", old: `"yes"`, new: `"y\u0007es"`, field: "classes[1]", says: "control"},
	{name: "class of great length", old: `"yes"`, new: `"` + strings.Repeat("y", 129) + `"`, field: "classes[1]", says: "1 to 128"},

	{name: "two means for three features", old: `[0, 1, 2]`, new: `[0, 1]`, field: "input.mean", says: "expected 1 or 3"},
	{name: "shape of another size", old: `"uint8_scale"`, new: `"shape": [2, 2], "uint8_scale"`, field: "input.shape", says: "number of features, 3"},
	{name: "shape with zero", old: `"uint8_scale"`, new: `"shape": [0, 3], "uint8_scale"`, field: "input.shape", says: "above zero"},
	{name: "shape empty", old: `"uint8_scale"`, new: `"shape": [], "uint8_scale"`, field: "input.shape", says: "1 to 8"},
	{name: "shape is a number", old: `"uint8_scale"`, new: `"shape": 3, "uint8_scale"`, field: "input.shape", says: "JSON number"},
	{name: "shape beyond int", old: `"uint8_scale"`, new: `"shape": [4611686018427387904, 4], "uint8_scale"`, field: "input.shape", says: "number of features, 3"},
	{name: "mean has a null", old: `[0, 1, 2]`, new: `[0, null, 2]`, field: "input.mean", says: "null"},
	{name: "mean has no entries", old: `[0, 1, 2]`, new: `[]`, field: "input.mean", says: "no entries"},
	{name: "mean beyond float64", old: `[0, 1, 2]`, new: `1e400`, field: "input.mean", says: "expected float64"},
	{name: "mean is a string", old: `[0, 1, 2]`, new: `"0"`, field: "input.mean", says: "JSON string"},
	{name: "deviation zero", old: `"std": 2`, new: `"std": 0`, field: "input.std", says: "above zero"},
	{name: "deviation underflows to zero", old: `"std": 2`, new: `"std": 1e-400`, field: "input.std", says: "above zero"},
	{name: "temperature zero", old: `"temperature": 2`, new: `"temperature": 0`, field: "calibration.temperature", says: "above zero"},
	{name: "temperature negative", old: `"temperature": 2`, new: `"temperature": -1`, field: "calibration.temperature", says: "above zero"},
	{name: "temperature infinite", old: `"temperature": 2`, new: `"temperature": 1e999`, field: "calibration.temperature", says: "expected float64"},
	{name: "temperature tiny", old: `"temperature": 2`, new: `"temperature": 1e-300`, field: "calibration.temperature", says: "0.001 to 1000"},
	{name: "temperature small", old: `"temperature": 2`, new: `"temperature": 0.0009`, field: "calibration.temperature", says: "0.001 to 1000"},
	{name: "temperature large", old: `"temperature": 2`, new: `"temperature": 1001`, field: "calibration.temperature", says: "0.001 to 1000"},
	{name: "deviation below float32", old: `"std": 2`, new: `"std": 1e-45`, field: "input.std", says: "at least 1.18e-38"},
	{name: "deviation subnormal in float32", old: `"std": 2`, new: `"std": 1.17e-38`, field: "input.std", says: "at least 1.18e-38"},
	{name: "deviation beyond float32", old: `"std": 2`, new: `"std": 1e39`, field: "input.std", says: "float32 can hold"},
	{name: "mean beyond float32", old: `[0, 1, 2]`, new: `[0, -1e39, 2]`, field: "input.mean", says: "entry 1 is -1e+39"},
	{name: "mean many deviations away", old: `[0, 1, 2], "std": 2`, new: `[0, 1e10, 2], "std": 1e-30`, field: "input.std", says: "entry 1 is 1e-30"},
	{name: "byte many deviations away", old: `"std": 2`, new: `"std": 1.2e-38`, field: "input.std", says: "an input of 127.5"},
	{name: "scale beyond float32", old: `"uint8_scale": 0.5`, new: `"uint8_scale": 1e39`, field: "input.uint8_scale", says: "1.18e-38 to 1.33e+36"},
	{name: "scale overflows for 255", old: `"uint8_scale": 0.5`, new: `"uint8_scale": 1.4e36`, field: "input.uint8_scale", says: "every byte"},
	{name: "scale below float32", old: `"uint8_scale": 0.5`, new: `"uint8_scale": 1e-46`, field: "input.uint8_scale", says: "1.18e-38"},
	{name: "accuracy in percent", old: `"name"`, new: `"accuracy": 97, "name"`, field: "accuracy", says: "0 to 1"},
	{name: "accuracy negative", old: `"name"`, new: `"accuracy": -0.1, "name"`, field: "accuracy", says: "0 to 1"},
	{name: "accuracy is a string", old: `"name"`, new: `"accuracy": "0.97", "name"`, field: "accuracy", says: "JSON string"},
	{name: "accuracy is null", old: `"name"`, new: `"accuracy": null, "name"`, field: "accuracy", says: "null"},
	{name: "accuracy of a regression", wholeText: true, field: "accuracy", says: "leave it out", new: `{"name":"r","version":"1","task":"regression",
		"features":1,"accuracy":0.5,"engines":{"dense":{"file":"m","layers":[{"weight":"w","activation":"identity"}]}}}`},
	{name: "temperature missing", old: `{ "temperature": 2 }`, new: `{}`, field: "calibration.temperature", says: "is missing"},
	{name: "temperature of a regression", old: `"classification", "features": 3, "classes": ["no", "yes"]`, new: `"regression", "features": 3`, field: "calibration.temperature", says: "a regression"},

	{name: "no engines", old: `"dense"`, new: `"fast"`, field: "engines", says: `names "fast"`},
	{name: "engines empty", wholeText: true, new: `{"name":"r","version":"1","task":"regression","features":1,"engines":{}}`, field: "engines", says: "is empty"},
	{name: "engines missing", wholeText: true, new: `{"name":"r","version":"1","task":"regression","features":1}`, field: "engines", says: "is missing"},
	{name: "file is absolute", old: `"model.safetensors"`, new: `"/etc/passwd"`, field: "engines.dense.file", says: "inside the bundle"},
	{name: "file leaves the folder", old: `"model.safetensors"`, new: `"../model.safetensors"`, field: "engines.dense.file", says: "inside the bundle"},
	{name: "file leaves through a folder", old: `"model.safetensors"`, new: `"a/../../b"`, field: "engines.dense.file", says: "inside the bundle"},
	{name: "file with a backslash", old: `"model.safetensors"`, new: `"..\\model"`, field: "engines.dense.file", says: "inside the bundle"},
	{name: "file on a drive", old: `"model.safetensors"`, new: `"C:model"`, field: "engines.dense.file", says: "inside the bundle"},
	{name: "file with a zero byte", old: `"model.safetensors"`, new: `"a\u0000b"`, field: "engines.dense.file", says: "inside the bundle"},
	{name: "file is the folder", old: `"model.safetensors"`, new: `"."`, field: "engines.dense.file", says: "inside the bundle"},
	{name: "golden leaves the folder", old: `"golden.json"`, new: `"../golden.json"`, field: "golden", says: "inside the bundle"},
	{name: "layers missing", old: `"layers"`, new: `"layer"`, field: "engines.dense.layers", says: "is missing"},
	{name: "layer without weight", old: `"weight": "2.weight",`, new: ``, field: "engines.dense.layers[1].weight", says: "is missing"},
	{name: "layer unknown field", old: `"bias"`, new: `"dropout"`, field: "engines.dense.layers[0]", says: `"dropout"`},
	{name: "output unknown", old: `"layers"`, new: `"output": "odds", "layers"`, field: "engines.dense.output", says: `"odds"`},
	{name: "program without a hash", old: `"engines": {`, new: `"engines": { "torchscript": {"file":"m.pt"},`, field: "sha256", says: "is a program"},
	{name: "hash too short", old: `"engines": {`, new: `"sha256": {"a": "12"}, "engines": {`, field: "sha256.a", says: "64 hexadecimal"},
	{name: "hash of a file outside", old: `"engines": {`, new: `"sha256": {"../a": "12"}, "engines": {`, field: "sha256", says: "inside the bundle"},
}

func manifestText(from, to string, whole bool) string {
	if whole {
		return to
	}
	return strings.Replace(smallManifest, from, to, 1)
}

func TestManifest(t *testing.T) {
	for _, c := range manifestCases {
		t.Run(c.name, func(t *testing.T) {
			if !c.wholeText && !strings.Contains(smallManifest, c.old) {
				t.Fatalf("the small manifest has no %q", c.old)
			}
			files := small()
			files["manifest.json"].Data = []byte(manifestText(c.old, c.new, c.wholeText))
			_, err := weights.OpenFS(files, "test", known)
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			weightstest.WantError(t, err, c.field, c.says)
		})
	}
}

func TestManifestFields(t *testing.T) {
	b, err := weights.OpenFS(small(), "test", known)
	if err != nil {
		t.Fatal(err)
	}
	spec := b.Spec()
	if spec.Name != "small" || spec.First().Kind != model.Class || spec.Width() != 2 || spec.Input.Uint8Scale != 0.5 {
		t.Errorf("Spec() = %+v", spec)
	}
	if mean, std := spec.Input.At(2); mean != 2 || std != 2 {
		t.Errorf("feature 2 has mean %v and deviation %v; want 2 and 2", mean, std)
	}
	if b.Temperature() != 2 || b.Name() != "test" {
		t.Errorf("Temperature() = %v, Name() = %q", b.Temperature(), b.Name())
	}
}

func TestManifestTooLarge(t *testing.T) {
	files := small()
	files["manifest.json"].Data = make([]byte, weights.MaxJSON+1)
	_, err := weights.OpenFS(files, "test", known)
	weightstest.WantError(t, err, "", "at most 4194304 are read")
}

// Whatever the text, reading it ends in a typed error or in a manifest that
// keeps its promises.
func FuzzManifest(f *testing.F) {
	for _, c := range manifestCases {
		// Long seeds would leave the fuzzer little time for anything else.
		if text := manifestText(c.old, c.new, c.wholeText); len(text) < 4096 {
			f.Add([]byte(text))
		}
	}
	for _, c := range severalCases {
		f.Add([]byte(strings.Replace(severalManifest, c.old, c.new, 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := weights.OpenFS(fstest.MapFS{"manifest.json": {Data: data}}, "test", known)
		if err != nil {
			if _, ok := errors.AsType[*weights.BundleError](err); !ok {
				t.Fatalf("error of type %T: %v", err, err)
			}
			return
		}
		if err := b.Spec().Validate(); err != nil {
			t.Errorf("accepted, but %v", err)
		}
		if temperature := b.Temperature(); !(temperature >= 0.001 && temperature <= 1000) {
			t.Errorf("accepted temperature %v", temperature)
		}
		for _, name := range b.Engines() {
			engine, _ := known.Named(name)
			for _, file := range b.Files(name) {
				if !fs.ValidPath(file) {
					t.Errorf("accepted file %q", file)
				}
				if engine.Claims.Program && b.Hashes()[file] == "" {
					t.Errorf("accepted a program without a hash: %q", file)
				}
			}
		}
	})
}
