package weights_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/weightstest"
)

// drafting is the toy engine, which says of a file with one byte that its model has
// three columns, two of which may be missing.
func drafting(t testing.TB) *weights.Engines {
	t.Helper()
	e := toy()
	e.Claims.Missing = true
	e.Draft = func(folder fs.FS, file string, hints weights.Hints) (weights.Draft, error) {
		f, err := folder.Open(file)
		if err != nil {
			return weights.Draft{}, err
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || info.Size() != 1 {
			return weights.Draft{}, weights.Wrong("", "length", "is %d; expected 1", info.Size())
		}
		if hints.Features != 0 && hints.Features != 3 {
			return weights.Draft{}, weights.Wrong("", "", "--features is %d; the model has 3", hints.Features)
		}
		return weights.Draft{
			Spec: model.Spec{
				Features: 3, Outputs: model.OneValue(), Input: model.Input{Fill: []float64{7}},
				Columns: []model.Column{
					{Name: "a", Kind: model.Number}, {Name: "b", Kind: model.Number, Missing: true},
					{Name: "c", Kind: model.Category, Categories: []string{"x", "NA"}, Unknown: model.Own, Missing: true},
				},
			},
			Source: model.Source{Library: "toys", Version: "1.2"},
			Entry:  map[string]any{"file": file, "times": 2},
		}, nil
	}
	all, err := weights.NewEngines(e)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenFile(t *testing.T) {
	path := write(t, "my model!.SUM", []byte{5})
	link := filepath.Join(t.TempDir(), "linked.sum")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(write(t, "model.sum", []byte{5}))
	for _, c := range []struct {
		path  string
		hints weights.Hints
		name  string
	}{
		{path, weights.Hints{}, "my-model-"},
		{link, weights.Hints{}, "linked"},
		{path, weights.Hints{Name: "given", Features: 3}, "given"},
		{folder, weights.Hints{}, filepath.Base(folder)},
	} {
		b, err := weights.OpenFile(c.path, c.hints, drafting(t))
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if err := b.Check(); err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
		s := b.Spec()
		if s.Name != c.name || s.Version != weightstest.SumOf([]byte{5})[:12] || s.Features != 3 || len(s.Columns) != 3 || b.Source().Library != "toys" {
			t.Errorf("%s: %+v from %+v; want the name %s", c.path, s, b.Source(), c.name)
		}
	}
}

func TestOpenFileRefuses(t *testing.T) {
	good := write(t, "good.sum", []byte{5})
	for path, says := range map[string]string{
		write(t, "model.xyz", nil):                 "is no model file that this version knows by its name; it knows .sum",
		write(t, "long.sum", []byte{1, 2}):         "length: is 2; expected 1",
		filepath.Join(t.TempDir(), "nowhere.sum"):  "no such file",
		filepath.Dir(write(t, "other.txt", nil)):   "is a folder without a manifest.json, and without a file called model with one of .sum",
		filepath.Dir(write(t, "model.other", nil)): "is a folder without",
	} {
		_, err := weights.OpenFile(path, weights.Hints{}, drafting(t))
		if e, ok := errors.AsType[*weights.BundleError](err); !ok || e.Bundle != path || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %q", path, err, says)
		}
	}
	if _, err := weights.OpenFile(good, weights.Hints{Features: 4}, drafting(t)); err == nil || !strings.Contains(err.Error(), "--features is 4; the model has 3") {
		t.Errorf("a wrong hint: %v", err)
	}
	// What is drafted cannot be looked at, and is not named.
	if _, err := weights.OpenFile(good, weights.Hints{Name: strings.Repeat("n", 65)}, drafting(t)); err == nil || strings.Contains(err.Error(), "manifest") {
		t.Errorf("a long name: %v", err)
	}
}

func TestPack(t *testing.T) {
	b, err := weights.OpenFile(write(t, "toy.sum", []byte{5}), weights.Hints{}, drafting(t))
	if err != nil {
		t.Fatal(err)
	}
	loaded := load(t, b, nil)
	defer loaded.Close()
	sample := []float64{1, 2, 0, 3, math.NaN(), 1, 0.1, 5, 2, 4, 4, math.NaN()}
	for _, c := range []struct {
		packing weights.Packing
		golden  int
		version string
	}{
		{weights.Packing{}, 64, b.Spec().Version},
		{weights.Packing{Rows: sample, Version: "2"}, 4, "2"},
	} {
		out := filepath.Join(t.TempDir(), "bundle")
		if err := b.Pack(out, loaded, c.packing); err != nil {
			t.Fatal(err)
		}
		packed, err := weights.Open(out, drafting(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := packed.Check(); err != nil {
			t.Error(err)
		}
		again := load(t, packed, nil)
		defer again.Close()
		if again.GoldenRows != c.golden || packed.Spec().Version != c.version || again.Source.Version != "1.2" || len(packed.Hashes()) < 2 {
			t.Errorf("packed %+v, version %s, hashes %v", again, packed.Spec().Version, packed.Hashes())
		}
		if (again.Reference != nil) != (c.packing.Rows != nil) {
			t.Errorf("reference %+v", again.Reference)
		}
		if err := b.Pack(out, loaded, c.packing); err == nil || !strings.Contains(err.Error(), "is not empty") {
			t.Errorf("packed into a folder that is not empty: %v", err)
		}
		if err := packed.Pack(t.TempDir(), again, weights.Packing{}); err == nil {
			t.Error("a bundle was packed")
		}
	}
}

// A failure leaves nothing behind.
func TestPackFails(t *testing.T) {
	b, err := weights.OpenFile(write(t, "toy.sum", []byte{5}), weights.Hints{}, drafting(t))
	if err != nil {
		t.Fatal(err)
	}
	loaded := load(t, b, nil)
	defer loaded.Close()
	out := filepath.Join(t.TempDir(), "bundle")
	if err := b.Pack(out, loaded, weights.Packing{Version: "not a version"}); err == nil {
		t.Error("a version with spaces was packed")
	}
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

func TestReferenceRanges(t *testing.T) {
	b, err := weights.OpenFile(write(t, "toy.sum", []byte{5}), weights.Hints{}, drafting(t))
	if err != nil {
		t.Fatal(err)
	}
	text := "c, b ,a,other\nx,1,10,\nNA,,30,\nz,3,20,\n,5,2e1,\n"
	rows, err := weights.ReadSample("rows.csv", []byte("\xef\xbb\xbf"+text), b.Spec())
	if err != nil {
		t.Fatal(err)
	}
	r := model.NewReference(b.Spec(), rows)
	if a := r.Features[0]; r.Rows != 4 || a.Min != 10 || a.Median != 20 || a.Max != 30 || a.Missing != 0 {
		t.Errorf("a: %+v of %d rows", a, r.Rows)
	}
	if b := r.Features[1]; b.Missing != 0.25 || b.Median != 3 {
		t.Errorf("b: %+v", b)
	}
	if c := r.Features[2]; c.Missing != 0.25 || !slices.Equal(c.Counts, []int{1, 1, 1}) || !math.IsNaN(c.Min) {
		t.Errorf("c: %+v", c)
	}
	again, err := weights.ReadSample("rows.json", []byte(`{"features": [[10,1,"x"],[30,null,"NA"],[20,3,"z"],[20,5,null]], "labels": [1,2,3,4]}`), b.Spec())
	if err != nil || !slices.EqualFunc(rows, again, func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }) {
		t.Errorf("JSON gives %v, CSV %v: %v", again, rows, err)
	}
}

func TestReadSampleRefuses(t *testing.T) {
	named, err := weights.OpenFile(write(t, "toy.sum", []byte{5}), weights.Hints{}, drafting(t))
	if err != nil {
		t.Fatal(err)
	}
	spec := named.Spec()
	for _, c := range []struct{ name, data, says string }{
		{"a.csv", "", "has no line of CSV"},
		{"a.csv", "a,b,c\n", "has no rows"},
		{"a.csv", "a,b\n1,2\n", `has no field "c"`},
		{"a.csv", "a,b,c\n1,2\n", "wrong number of fields"},
		{"a.csv", "a,b,c\n,2,x\n", `line 2: feature "a" is null; this value may not be missing`},
		{"a.csv", "a,b,c\nmany,2,x\n", `feature "a" is "many"; expected a number`},
		{"a.csv", "a,b,c\nInf,2,x\n", "expected a number"},
		{"a.json", `{"features": []}`, "has 0 rows; expected 1 to 10000"},
		{"a.json", `{"features": [[1,2]]}`, "row 0 has 2 features; the model has 3"},
		{"a.json", `{"features": [[1,2,"x"]], "labels": []}`, "labels: has 0 entries; expected one per row, 1"},
		{"a.json", `{"features": [[1,2,"x"]], "scores": []}`, `"scores" that is not known`},
		{"a.json", `[]`, "is not a JSON object"},
	} {
		if _, err := weights.ReadSample(c.name, []byte(c.data), spec); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%q: %v; want %q", c.data, err, c.says)
		}
	}
}

func TestHeldOutTable(t *testing.T) {
	folder := filepath.Dir(write(t, "model.sum", []byte{5}))
	b, err := weights.OpenFile(folder, weights.Hints{}, drafting(t))
	if err != nil {
		t.Fatal(err)
	}
	for text, says := range map[string]string{
		"a,b,c,label\n1,,x,2.5\n4,5,,-1\n": "",
		"a,b,c\n1,,x\n":                    `has the last field "c" in its line of names; expected "label"`,
		"a,b,c,label\n1,,x,many\n":         `row 0 has the label "many"; expected a number`,
		"a,b,c,label\n":                    "has no rows",
		"a,b,c,label\n,,x,1\n":             "may not be missing",
	} {
		if err := os.WriteFile(filepath.Join(folder, weights.HeldOutFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		table, err := b.HeldOut()
		if says != "" {
			if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), weights.HeldOutFile) {
				t.Errorf("%q: %v; want %q", text, err, says)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		first, _ := json.Marshal(table.Named(0))
		if table.Len() != 2 || string(first) != `{"a":1,"c":"x"}` || table.Labels[1] != "-1" || table.Row(1)[1] != 5 {
			t.Errorf("%+v; %s", table, first)
		}
	}
}
