package weights_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/weights"
	"penstock/weights/weightstest"
)

// kinds are the bundles of testdata/kinds, one for each kind of output; make.py
// beside them made them, and computed their scores in float64.
const kinds = "../testdata/kinds"

var kindFolders = []string{"labels", "several", "sigmoid", "embedding", "columns"}

func openKind(t testing.TB, folder string) *weights.Bundle {
	t.Helper()
	b, err := weights.Open(filepath.Join(kinds, folder), known)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKindsAreProven(t *testing.T) {
	for _, folder := range kindFolders {
		t.Run(folder, func(t *testing.T) {
			b := openKind(t, folder)
			if err := b.Check(); err != nil {
				t.Error(err)
			}
			loaded := load(t, b, nil)
			defer loaded.Close()
			if loaded.GoldenRows < 6 || loaded.GoldenMaxDiff > loaded.GoldenTolerance {
				t.Errorf("%d golden rows, worst difference %.2g of %.2g", loaded.GoldenRows, loaded.GoldenMaxDiff, loaded.GoldenTolerance)
			}
			t.Logf("%d golden rows, worst difference %.2g, least tolerance %.2g", loaded.GoldenRows, loaded.GoldenMaxDiff, loaded.GoldenTolerance)
		})
	}
}

func TestKindsConform(t *testing.T) {
	for _, folder := range kindFolders {
		t.Run(folder, func(t *testing.T) {
			modeltest.Run(t, modeltest.Engine{AllocationFree: true, Open: func(t testing.TB) model.Model {
				return load(t, openKind(t, folder), nil)
			}})
		})
	}
}

// Every labelled row gets numpy's scores: they are golden rows, for the time of
// this test.
func TestKindsScoreAsNumpyDoes(t *testing.T) {
	for _, folder := range kindFolders {
		t.Run(folder, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(kinds, folder, "labelled.json"))
			if err != nil {
				t.Fatal(err)
			}
			var labelled struct{ Features, Scores []json.RawMessage }
			if err := json.Unmarshal(data, &labelled); err != nil {
				t.Fatal(err)
			}
			golden, err := json.Marshal(map[string]any{"features": labelled.Features, "scores": labelled.Scores})
			if err != nil {
				t.Fatal(err)
			}
			files := filesOf(t, folder)
			files["golden.json"].Data = golden
			unhash(files, "golden.json")
			b, err := weights.OpenFS(files, "test", known)
			loaded := load(t, b, err)
			defer loaded.Close()
			if loaded.GoldenRows != 60 {
				t.Errorf("%d rows; want 60", loaded.GoldenRows)
			}
		})
	}
}

// filesOf reads a kind's bundle, to be changed.
func filesOf(t *testing.T, folder string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{"manifest.json", "model.safetensors", "golden.json"} {
		data, err := os.ReadFile(filepath.Join(kinds, folder, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	return files
}

// unhash lets a file be another than the manifest's.
func unhash(files fstest.MapFS, name string) {
	replace(files, `"`+name+`": "`, `"other": "`)
}

// A golden row is read as a client's would be, or refused by its place.
func TestGoldenRowsOfColumns(t *testing.T) {
	const row = `[95.0,"Zürich","top",1971]`
	for _, c := range []struct{ name, row, says string }{
		{"as it is", row, ""},
		{"a number for a category", `[95.0,2,"top",1971]`, `row 0, feature 1 is "2"; column "city" has categories`},
		{"a name for a number", `["95","Zürich","top",1971]`, `row 0, feature 0 is`},
		{"null where none may be", `[95.0,null,"top",1971]`, "row 0, feature 1 is null; this value may not be missing"},
		{"another city is another row", `[95.0,"Oslo","top",1971]`, "row 0, score 0"},
		{"a hole is another row", `[null,"Zürich","top",1971]`, "row 0, score 0"},
		{"too short", `[95.0,"Zürich","top"]`, "row 0 has 3 features"},
		{"too long", `[95.0,"Zürich","top",1971,1]`, "row 0 has 5 features"},
		{"an object", `{"area":95}`, "row 0 is not an array"},
		{"null for a row", `null`, "row 0 is not an array"},
		{"beyond float32", `[1e39,"Zürich","top",1971]`, "beyond float32"},
		{"beyond float64", `[1e999,"Zürich","top",1971]`, "expected a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := filesOf(t, "columns")
			unhash(files, "golden.json")
			text := string(files["golden.json"].Data)
			if !strings.Contains(text, row) {
				t.Fatalf("the golden rows have no %s", row)
			}
			files["golden.json"].Data = []byte(strings.Replace(text, row, c.row, 1))
			b, err := weights.OpenFS(files, "test", known)
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Load("")
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			field := "features"
			if strings.Contains(c.name, "another row") {
				field = "scores"
			}
			weightstest.WantError(t, err, field, c.says)
		})
	}
	files := filesOf(t, "columns")
	unhash(files, "golden.json")
	replace(files, `"unknown": "own"`, `"unknown": "refuse"`)
	b, err := weights.OpenFS(files, "test", known)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Load("")
	weightstest.WantError(t, err, "features", `row 1, feature 1 is "Oslo"; column "city" has no such category`)
}

// Values of different units are held to their own: a rent that is wrong by a tenth
// is nothing beside the price, and is found all the same.
func TestGoldenSpreadOfEachValue(t *testing.T) {
	files := filesOf(t, "columns")
	unhash(files, "golden.json")
	files["golden.json"].Data = []byte(strings.Replace(string(files["golden.json"].Data), "3.586", "3.587", 1))
	b, err := weights.OpenFS(files, "test", known)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Load("")
	weightstest.WantError(t, err, "scores", "row 0, score 1")
}

// The engine torchscript takes NaN for what is missing; dense needs a number.
func TestMissingByEngine(t *testing.T) {
	const manifest = `{"name":"m","version":"1","task":"regression","features":2,"input":{"missing":true},
		"sha256": {"m": "` + "0000000000000000000000000000000000000000000000000000000000000000" + `"}, "engines":{`
	b, err := weights.OpenFS(fstest.MapFS{"manifest.json": {Data: []byte(manifest + `"torchscript":{"file":"m"}}}`)}}, "test", known)
	if err != nil {
		t.Fatal(err)
	}
	if !b.Spec().MayMiss(1) || len(b.Spec().Input.Fill) != 0 {
		t.Errorf("Spec() = %+v", b.Spec())
	}
	_, err = weights.OpenFS(fstest.MapFS{"manifest.json": {Data: []byte(manifest +
		`"dense":{"file":"m","layers":[{"weight":"w","activation":"identity"}]}}}`)}}, "test", known)
	weightstest.WantError(t, err, "input.fill", "the engine dense needs a number")
}

// What ends several outputs is said by output, not by a layer.
func TestEndsOfSeveralOutputs(t *testing.T) {
	for _, c := range []struct{ name, old, new, field, says string }{
		{"scores of several kinds", `"output": "logits"`, `"output": "probabilities"`, "engines.dense.layers[1]", "several kinds"},
		{"a softmax of all", `"activation": "identity"`, `"activation": "softmax"`, "engines.dense.output", `expected "identity"`},
		{"linked by a layer", `"activation": "identity"`, `"activation": "linked"`, "engines.dense.layers", `"linked"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := filesOf(t, "several")
			replace(files, c.old, c.new)
			b, err := weights.OpenFS(files, "test", known)
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Load("")
			weightstest.WantError(t, err, c.field, c.says)
		})
	}
}
