package weights_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/weightstest"
)

// severalManifest uses every field that describes outputs, columns and holes.
const severalManifest = `{
  "name": "several", "version": "1", "features": 3,
  "outputs": [
    { "name": "kind", "kind": "class", "classes": ["a", "b", "c"] },
    { "name": "spam", "kind": "class", "width": 1, "classes": ["no", "yes"] },
    { "name": "tags", "kind": "labels", "classes": ["x", "y"], "thresholds": [0.2, 0.8] },
    { "name": "price", "kind": "values" },
    { "name": "embedding", "kind": "vector", "width": 4 } ],
  "columns": [
    { "name": "age", "missing": true },
    { "name": "city", "kind": "category", "categories": ["Paris", "Rome"], "unknown": "own" },
    { "name": "plan", "kind": "category", "categories": ["free"] } ],
  "input": { "fill": [40, 0, 0] },
  "pool": { "workers": 2, "max_batch": 8, "queue_rows": 100 },
  "accuracy": 0.75, "calibration": { "temperature": 2 },
  "engines": { "dense": { "file": "m", "output": "logits", "layers": [{ "weight": "w", "activation": "identity" }] } }
}`

func TestManifestOfSeveralOutputs(t *testing.T) {
	b, err := weights.OpenFS(fstest.MapFS{"manifest.json": {Data: []byte(severalManifest)}}, "test", known)
	if err != nil {
		t.Fatal(err)
	}
	want := model.Spec{
		Name: "several", Version: "1", Features: 3,
		Outputs: []model.Output{
			{Name: "kind", Kind: model.Class, Width: 3, Classes: []string{"a", "b", "c"}},
			{Name: "spam", Kind: model.Class, Width: 1, Classes: []string{"no", "yes"}},
			{Name: "tags", Kind: model.Labels, Width: 2, Classes: []string{"x", "y"}, Thresholds: []float64{0.2, 0.8}},
			{Name: "price", Kind: model.Values, Width: 1},
			{Name: "embedding", Kind: model.Vector, Width: 4},
		},
		Columns: []model.Column{
			{Name: "age", Kind: model.Number, Missing: true},
			{Name: "city", Kind: model.Category, Categories: []string{"Paris", "Rome"}, Unknown: model.Own},
			{Name: "plan", Kind: model.Category, Categories: []string{"free"}, Unknown: model.Refuse},
		},
		Input: model.Input{Fill: []float64{40, 0, 0}},
	}
	if got := b.Spec(); !reflect.DeepEqual(got, want) {
		t.Errorf("Spec() = %+v\nwant %+v", got, want)
	}
	if got := b.Pool(); got != (weights.Pool{Workers: 2, MaxBatch: 8, QueueRows: 100}) {
		t.Errorf("Pool() = %+v", got)
	}
}

// severalCases are severalManifest with a piece of its text replaced.
var severalCases = []struct{ name, old, new, field, says string }{
	{name: "whole"},
	{name: "any may miss", old: `"fill": [40, 0, 0]`, new: `"missing": true, "fill": 0`},
	{name: "unknown is missing", old: `"unknown": "own"`, new: `"unknown": "missing", "missing": true`},
	{name: "no pool", old: `"pool": { "workers": 2, "max_batch": 8, "queue_rows": 100 },`},
	{name: "a kind of somebody else's", old: `"vector"`, new: `"ordinal"`},

	{name: "task beside outputs", old: `"features"`, new: `"task": "regression", "features"`, field: "task", says: "leave task out"},
	{name: "classes beside outputs", old: `"features"`, new: `"classes": ["a", "b"], "features"`, field: "classes", says: "leave classes out"},
	{name: "no outputs", old: `"outputs"`, new: `"output"`, field: "task", says: "is missing"},
	{name: "outputs empty", old: severalOutputs(), new: `[]`, field: "outputs", says: "expected 1 to 64"},
	{name: "an output that is no object", old: severalOutputs(), new: `["class"]`, field: "outputs[0]", says: "not a JSON object"},
	{name: "an unknown field", old: `"width": 4`, new: `"width": 4, "unit": "m"`, field: "outputs[4]", says: `"unit"`},
	{name: "name missing", old: `"name": "spam", `, field: "outputs[1].name", says: "is missing"},
	{name: "name twice", old: `"name": "spam"`, new: `"name": "kind"`, field: "outputs[1].name", says: "distinct"},
	{name: "name of a line break", old: `"name": "spam"`, new: `"name": "a\nb"`, field: "outputs[1].name", says: "printable"},
	{name: "name of great length", old: `"name": "spam"`, new: `"name": "` + strings.Repeat("n", 129) + `"`, field: "outputs[1].name", says: "1 to 128"},
	{name: "kind missing", old: `"kind": "values"`, new: `"width": 1`, field: "outputs[3].kind", says: "is missing"},
	{name: "kind empty", old: `"kind": "values"`, new: `"kind": "", "width": 1`, field: "outputs[3].kind", says: `"class", "labels", "values" or "vector"`},
	{name: "width of a vector missing", old: `, "width": 4`, field: "outputs[4].width", says: "is missing"},
	{name: "width zero", old: `"width": 4`, new: `"width": 0`, field: "outputs[4].width", says: "at least 1"},
	{name: "width beyond all", old: `"width": 4`, new: `"width": 1048577`, field: "outputs[4].width", says: "at most 1048576"},
	{name: "widths beyond all", old: `"width": 4`, new: `"width": 1048576`, field: "outputs", says: "at most 1048576"},
	{name: "width beside classes", old: `"width": 1`, new: `"width": 3`, field: "outputs[1].width", says: "of two classes"},
	{name: "one class", old: `["no", "yes"]`, new: `["no"]`, field: "outputs[1].classes", says: "at least two"},
	{name: "a class without name", old: `["no", "yes"]`, new: `["no", ""]`, field: "outputs[1].classes[1]", says: "1 to 128 bytes"},
	{name: "thresholds of a class", old: `["no", "yes"]`, new: `["no", "yes"], "thresholds": [0.5]`, field: "outputs[1].thresholds", says: "only labels"},
	{name: "one threshold for two", old: `[0.2, 0.8]`, new: `[0.2]`, field: "outputs[2].thresholds", says: "one per label"},
	{name: "threshold above one", old: `[0.2, 0.8]`, new: `[0.2, 1.8]`, field: "outputs[2].thresholds", says: "entry 1"},
	{name: "threshold null", old: `[0.2, 0.8]`, new: `[0.2, null]`, field: "outputs[2].thresholds", says: "null"},
	{name: "only output, bad", old: severalOutputs(), new: `[{"kind": "class", "classes": ["a"]}]`, field: "outputs[0].classes", says: "at least two"},

	{name: "columns too few", old: `{ "name": "age", "missing": true },`, field: "columns", says: "one per feature"},
	{name: "columns empty", old: severalColumns(), new: `[]`, field: "columns", says: "expected 1 to"},
	{name: "column twice", old: `"name": "city"`, new: `"name": "age"`, field: "columns[1].name", says: "distinct"},
	{name: "column without name", old: `"name": "city", `, field: "columns[1].name", says: "is missing"},
	{name: "column of great length", old: `"city"`, new: `"` + strings.Repeat("c", 129) + `"`, field: "columns[1].name", says: "1 to 128"},
	{name: "column of a tab", old: `"city"`, new: `"a\tb"`, field: "columns[1].name", says: "printable"},
	{name: "column of no kind", old: `"kind": "category", "categories": ["free"]`, new: `"kind": "date"`, field: "columns[2].kind", says: `"category"`},
	{name: "categories of a number", old: `"age",`, new: `"age", "categories": ["a"],`, field: "columns[0].categories", says: "leave out"},
	{name: "category twice", old: `["Paris", "Rome"]`, new: `["Paris", "Paris"]`, field: "columns[1].categories", says: "distinct"},
	{name: "category empty", old: `["Paris", "Rome"]`, new: `["Paris", ""]`, field: "columns[1].categories[1]", says: "1 to 128"},
	{name: "rule unknown", old: `"own"`, new: `"guess"`, field: "columns[1].unknown", says: `"refuse"`},
	{name: "rule missing where none may be", old: `"own"`, new: `"missing"`, field: "columns[1].unknown", says: "may not be missing"},
	{name: "missing is a number", old: `"missing": true`, new: `"missing": 1`, field: "columns[0].missing", says: "expected bool"},
	{name: "unknown member", old: `"missing": true`, new: `"optional": true`, field: "columns[0]", says: `"optional"`},

	{name: "no fill", old: `"input": { "fill": [40, 0, 0] },`, field: "input.fill", says: "engine dense needs a number"},
	{name: "fill for none", old: `, "missing": true`, field: "input.fill", says: "leave fill out"},
	{name: "fills too few", old: `[40, 0, 0]`, new: `[40, 0]`, field: "input.fill", says: "expected 1 or 3"},
	{name: "fill null", old: `[40, 0, 0]`, new: `[40, 0, null]`, field: "input.fill", says: "null"},
	{name: "fill beyond float32", old: `[40, 0, 0]`, new: `[1e39, 0, 0]`, field: "input.fill", says: "float32 can hold"},
	{name: "fill many deviations away", old: `"fill": [40, 0, 0]`, new: `"std": 1e-30, "fill": 1e10`, field: "input.fill", says: "for feature 0"},

	{name: "no workers", old: `"workers": 2`, new: `"workers": 0`, field: "pool.workers", says: "1 to 4096"},
	{name: "batch absurd", old: `"max_batch": 8`, new: `"max_batch": 65537`, field: "pool.max_batch", says: "1 to 65536"},
	{name: "queue negative", old: `"queue_rows": 100`, new: `"queue_rows": -1`, field: "pool.queue_rows", says: "1 to 1073741824"},
	{name: "pool of something", old: `"workers": 2`, new: `"threads": 2`, field: "pool", says: `"threads"`},

	{name: "temperature of numbers", old: severalOutputs(), new: `[{"kind": "values", "width": 3}]`, field: "calibration.temperature", says: "a regression"},
	{name: "accuracy of a vector", old: `"kind", "kind": "class", "classes": ["a", "b", "c"]`, new: `"kind", "kind": "vector", "width": 3`, field: "accuracy", says: `kind "vector"`},
	{name: "output of numbers", old: severalRest(), new: `"outputs": [{"kind": "values"}], "engines": {"dense": {"file": "m", "output": "logits", "layers": []}}}`, field: "engines.dense.output", says: "leave it out"},
}

func severalOutputs() string {
	return between(`"outputs": `, `,
  "columns"`)
}

// severalRest is all from the outputs on.
func severalRest() string {
	_, rest, _ := strings.Cut(severalManifest, `"outputs"`)
	return `"outputs"` + rest
}

func severalColumns() string {
	return between(`"columns": `, `,
  "input"`)
}

func between(from, to string) string {
	_, rest, _ := strings.Cut(severalManifest, from)
	text, _, _ := strings.Cut(rest, to)
	return text
}

func TestManifestOfSeveralOutputsRefused(t *testing.T) {
	for _, c := range severalCases {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(severalManifest, c.old) {
				t.Fatalf("the manifest has no %q", c.old)
			}
			text := strings.Replace(severalManifest, c.old, c.new, 1)
			_, err := weights.OpenFS(fstest.MapFS{"manifest.json": {Data: []byte(text)}}, "test", known)
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
