package forest_test

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights"
	"penstock/weights/forest"
	"penstock/weights/weightstest"
)

//go:embed testdata/models.py
var models string

// Forests of every estimator give what scikit-learn gives. PENSTOCK_ROWS=100000
// compares that many rows.
func TestLikeScikitLearn(t *testing.T) {
	folder := t.TempDir()
	source, err := filepath.Abs("../../client/python/src")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(weightstest.Python(t, folder, models, cmp.Or(os.Getenv("PENSTOCK_ROWS"), "400"), source)))
	if len(names) < 40 {
		t.Fatalf("only %d models: %q", len(names), names)
	}
	parsed := map[string]trees.Parsed{}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(folder, name+".forest"))
			if err != nil {
				t.Fatal(err)
			}
			p, err := forest.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			parsed[name] = p
			t.Logf("%+v", weightstest.Compare(t, folder, name, p, 0))
		})
	}
	if got := parsed["Named"]; !reflect.DeepEqual(got.Columns, []model.Column{
		{Name: "a", Kind: model.Number, Missing: true}, {Name: "b", Kind: model.Number, Missing: true},
		{Name: "colour", Kind: model.Category, Categories: []string{"red", "green", "blue"}, Unknown: model.AsMissing, Missing: true},
	}) || !slices.Equal(got.Outputs[0].Classes, []string{"no", "yes"}) || got.Outputs[0].Width != 1 || got.Source.Library != "scikit-learn" || got.Source.Version == "" {
		t.Errorf("read %+v", got)
	}
	if got := parsed["Histogram_pandas"].Columns; len(got) != 8 || got[3].Name != "number" || !slices.Equal(got[3].Categories, []string{"0", "2", "4", "6", "8"}) || len(got[4].Categories) != 40 {
		t.Errorf("columns %+v", got)
	}
	if parsed["Gradient_2"].Missing || !parsed["Histogram_2"].Missing {
		t.Error("only histogram gradient boosting takes missing values")
	}
}

// file is a forest's file, array by array.
type file struct {
	about  map[string]any
	arrays map[string]any // []int32, []float64 or []byte
}

// small is a forest of two trees: one with a set and a comparison, and a leaf.
func small() file {
	return file{
		about: map[string]any{
			"version": 1, "features": 2, "link": "sigmoid", "begin": []float64{0.5}, "missing": true,
			"outputs": []any{map[string]any{"name": "prediction", "kind": "class", "width": 1, "classes": []string{"no", "yes"}}},
			"columns": []any{map[string]any{"name": "a", "missing": true}, map[string]any{"name": "b", "kind": "category", "categories": []string{"x", "y"}, "unknown": "missing", "missing": true}},
			"library": "scikit-learn", "library_version": "1.9.1",
		},
		arrays: map[string]any{
			"tree.nodes": []int32{2, 0}, "tree.leaves": []int32{3, 1}, "tree.sum": []int32{0, 0},
			"node.feature": []int32{1, 0}, "node.threshold": []float64{0, 0.1}, "node.missing": []byte{1, 0},
			"node.left": []int32{1, -2}, "node.right": []int32{-1, -3}, "node.set": []int32{0, -1},
			"set.begin": []int32{0, 1}, "set.words": []int32{2}, "leaf.value": []float64{1, 2, 3, 4},
		},
	}
}

func (f file) bytes(t testing.TB) []byte {
	about, err := json.Marshal(f.about)
	if err != nil {
		t.Fatal(err)
	}
	header, data := map[string]any{"__metadata__": map[string]string{forest.Format: string(about)}}, []byte{}
	for _, name := range slices.Sorted(maps.Keys(f.arrays)) {
		begin := len(data)
		if data, err = binary.Append(data, binary.LittleEndian, f.arrays[name]); err != nil {
			t.Fatal(err)
		}
		dtype := map[reflect.Kind]string{reflect.Int32: "I32", reflect.Float64: "F64", reflect.Uint8: "U8"}[reflect.TypeOf(f.arrays[name]).Elem().Kind()]
		header[name] = map[string]any{"dtype": dtype, "shape": []int{reflect.ValueOf(f.arrays[name]).Len()}, "data_offsets": []int{begin, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return weightstest.Framed(string(text), data)
}

func TestRead(t *testing.T) {
	p, err := forest.Read(small().bytes(t))
	if err != nil {
		t.Fatal(err)
	}
	want := &trees.Forest{Features: 2, Sums: 1, Sum: trees.Float64, Begin: []float64{0.5}, Link: trees.Link{Kind: trees.LinkSigmoid}, Trees: []trees.Tree{
		{Nodes: []trees.Node{
			{Feature: 1, Test: trees.In, MissingLeft: true, Set: []uint32{2}, Left: 1, Right: -1},
			{Feature: 0, Threshold: trees.AtMost(0.1), Left: -2, Right: -3},
		}, Leaves: []float64{1, 2, 3}},
		{Nodes: []trees.Node{}, Leaves: []float64{4}},
	}}
	if !reflect.DeepEqual(p.Forest, want) {
		t.Errorf("forest %+v; want %+v", p.Forest, want)
	}
	if p.Source != (model.Source{Library: "scikit-learn", Version: "1.9.1", Format: forest.Format}) {
		t.Errorf("source %+v", p.Source)
	}
}

var faults = []struct {
	name        string
	change      func(f *file)
	field, says string
}{
	{"version", func(f *file) { f.about["version"] = 2 }, "penstock.forest.version", "update it"},
	{"unknown member", func(f *file) { f.about["x"] = 2 }, "penstock.forest", `"x"`},
	{"features", func(f *file) { f.about["features"] = 1 << 40 }, "penstock.forest.features", "expected 1 to"},
	{"columns", func(f *file) { f.about["features"] = 3 }, "penstock.forest", "columns has 2 entries"},
	{"a column", func(f *file) { f.about["columns"] = []any{1, 2} }, "penstock.forest.columns", "entry 0"},
	{"outputs", func(f *file) { f.about["outputs"] = []any{} }, "penstock.forest.outputs", "has 0 entries"},
	{"width", func(f *file) {
		f.about["outputs"] = []any{map[string]any{"name": "a", "kind": "values", "width": 1 << 25}}
	}, "penstock.forest", "outputs of 33554432 scores"},
	{"no array", func(f *file) { delete(f.arrays, "node.left") }, "array node.left", "is missing"},
	{"a type", func(f *file) { f.arrays["node.left"] = []float64{1, 2} }, "array node.left", "expected one dimension of I32"},
	{"a length", func(f *file) { f.arrays["node.left"] = []int32{1} }, "array node.left", "has 1 numbers; expected 2"},
	{"more nodes", func(f *file) { f.arrays["tree.nodes"] = []int32{3, 0} }, "array tree.nodes", "0 to 2"},
	{"fewer nodes", func(f *file) { f.arrays["tree.nodes"] = []int32{-1, 0} }, "array tree.nodes", "has -1"},
	{"nodes left", func(f *file) { f.arrays["tree.nodes"] = []int32{1, 0} }, "array tree.nodes", "leaves 1 nodes"},
	{"more leaves", func(f *file) { f.arrays["tree.leaves"] = []int32{3, 2} }, "array tree.leaves", "1 to 1"},
	{"no leaves", func(f *file) { f.arrays["tree.leaves"] = []int32{4, 0} }, "array tree.leaves", "has 0 for tree 1"},
	{"set", func(f *file) { f.arrays["node.set"] = []int32{1, -1} }, "array node.set", "there are 1 sets"},
	{"sets", func(f *file) { f.arrays["set.begin"] = []int32{0, 2} }, "array set.begin", "up to 1"},
	{"a set's nodes", func(f *file) { f.arrays["node.set"] = []int32{1} }, "array node.set", "expected 2"},
	{"NaN", func(f *file) { f.arrays["node.threshold"] = []float64{0, math.NaN()} }, "array node.threshold", "NaN"},
}

func TestReadRefuses(t *testing.T) {
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			f := small()
			fault.change(&f)
			_, err := forest.Read(f.bytes(t))
			weightstest.WantError(t, err, fault.field, fault.says)
		})
	}
	other := weightstest.Framed("{}", nil)
	if !forest.Is(small().bytes(t)) || forest.Is(other) || forest.Is(other[:7]) || forest.Is(bytes.Repeat([]byte{255}, 20)) {
		t.Error("a forest is not told from other files")
	}
	_, err := forest.Read(other)
	weightstest.WantError(t, err, "header", "has no metadata")
	_, err = forest.Read(small().bytes(t)[:100])
	weightstest.WantError(t, err, "header", "truncated")
}

func FuzzRead(f *testing.F) {
	f.Add(small().bytes(f))
	for _, fault := range faults {
		changed := small()
		fault.change(&changed)
		f.Add(changed.bytes(f))
	}
	f.Fuzz(func(t *testing.T, data []byte) { mustStand(t, data) })
}

// mustStand reads a file of any bytes: it ends in an error of the type that is
// promised, or in a forest that is bounded by the file.
func mustStand(t *testing.T, data []byte) {
	t.Helper()
	p, err := forest.Read(data)
	if err != nil {
		if _, ok := errors.AsType[*weights.BundleError](err); !ok {
			t.Fatalf("error of type %T: %v", err, err)
		}
		return
	}
	weightstest.Stands(t, p, len(data))
}

// Bytes of a good file are changed, cut out and doubled, of its numbers and of its
// header.
func TestMutants(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	good := small().bytes(t)
	n := 8 + int(binary.LittleEndian.Uint64(good))
	for i := range weightstest.Mutants(300) {
		if i%2 == 0 {
			mustStand(t, append(bytes.Clone(good[:n]), weightstest.Mutate(good[n:], random)...))
			continue
		}
		mustStand(t, weightstest.Framed(string(weightstest.Mutate(good[8:n], random)), good[n:]))
	}
}

// A forest of many nodes and one of many trees.
func TestMemory(t *testing.T) {
	const n = 100_000
	nodes, leaves := small(), small()
	for _, name := range []string{"node.feature", "node.left", "node.right", "node.set"} {
		nodes.arrays[name] = make([]int32, n)
	}
	nodes.arrays["node.threshold"], nodes.arrays["node.missing"] = make([]float64, n), make([]byte, n)
	nodes.arrays["tree.nodes"] = []int32{n, 0}
	for _, name := range []string{"tree.nodes", "tree.sum", "tree.leaves"} {
		leaves.arrays[name] = make([]int32, n)
	}
	ones := slices.Repeat([]int32{1}, n)
	leaves.arrays["tree.leaves"], leaves.arrays["leaf.value"] = ones, make([]float64, n)
	leaves.arrays["tree.nodes"].([]int32)[0] = 2
	for name, f := range map[string]file{"nodes": nodes, "leaves": leaves} {
		data := f.bytes(t)
		var err error
		got := weightstest.Allocated(func() { _, err = forest.Read(data) })
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %.1f times the file", name, float64(got)/float64(len(data)))
		if got > 8*uint64(len(data)) {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, got, len(data))
		}
	}
}
