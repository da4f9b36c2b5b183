package weights_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"penstock/model"
	"penstock/weights"
)

// packedToy is a bundle in a folder, of two numbers and a category, without a reference.
func packedToy(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "toy.sum")
	if err := os.WriteFile(file, []byte{5}, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := weights.OpenFile(file, weights.Hints{}, drafting(t))
	if err != nil {
		t.Fatal(err)
	}
	loaded := load(t, b, nil)
	defer loaded.Close()
	out := filepath.Join(t.TempDir(), "bundle")
	if err := b.Pack(out, loaded, weights.Packing{}); err != nil {
		t.Fatal(err)
	}
	return out
}

// toyRows has rows of every kind: of long numbers, missing, and of unknown categories.
func toyRows(spec model.Spec) []float64 {
	random := rand.New(rand.NewPCG(3, 1))
	rows := make([]float64, 0, 900)
	for range 300 {
		b := random.NormFloat64()
		if random.IntN(10) == 0 {
			b = math.NaN()
		}
		rows = append(rows, 1e6*random.Float64(), b, float64(random.IntN(len(spec.Columns[2].Categories))))
	}
	return rows
}

// TestAddReference: a bundle without a reference gets one, and loads as if its rows
// were there; the rest of its manifest stays as it is.
func TestAddReference(t *testing.T) {
	folder := packedToy(t)
	b, err := weights.Open(folder, drafting(t))
	if err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(filepath.Join(folder, weights.Manifest))
	want := model.NewReference(b.Spec(), toyRows(b.Spec()))
	if err := b.AddReference(&want, false); err != nil {
		t.Fatal(err)
	}
	again, err := weights.Open(folder, drafting(t))
	if err != nil {
		t.Fatal(err)
	}
	loaded := load(t, again, nil)
	defer loaded.Close()
	if got := fmt.Sprintf("%+v", *loaded.Reference); got != fmt.Sprintf("%+v", want) {
		t.Errorf("read\n%s, wrote\n%+v", got, want)
	}
	if again.Hashes()["reference.json"] == "" {
		t.Errorf("no hash of the reference: %v", again.Hashes())
	}
	after, _ := os.ReadFile(filepath.Join(folder, weights.Manifest))
	kept := 0
	for line := range strings.Lines(string(after)) {
		if !strings.Contains(line, "reference") {
			kept++
			if !bytes.Contains(before, []byte(strings.TrimRight(line, ",\n"))) {
				t.Errorf("the manifest has another line: %s", line)
			}
		}
	}
	if lines := bytes.Count(before, []byte("\n")); kept != lines {
		t.Errorf("%d of %d lines of the manifest were kept", kept, lines)
	}

	err = again.AddReference(&want, false)
	if e, ok := errors.AsType[*weights.BundleError](err); !ok || e.Field != "reference" || !strings.Contains(e.Problem, "--replace") {
		t.Errorf("a second reference: %v", err)
	}
	other := model.NewReference(b.Spec(), toyRows(b.Spec())[:300])
	if err := again.AddReference(&other, true); err != nil {
		t.Fatal(err)
	}
	if again, err = weights.Open(folder, drafting(t)); err != nil {
		t.Fatal(err)
	}
	if loaded := load(t, again, nil); loaded.Reference.Rows != 100 {
		t.Errorf("%d rows after it was replaced", loaded.Reference.Rows)
	}
}

func TestAddReferenceNeedsAFolder(t *testing.T) {
	b, err := weights.Default(known)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddReference(&model.Reference{}, true); err == nil || !strings.Contains(err.Error(), "is no bundle in a folder") {
		t.Errorf("to the built-in bundle: %v", err)
	}
}

// toyWith opens a bundle whose reference says something else.
func toyWith(t testing.TB, folder string, reference []byte) (*weights.Loaded, error) {
	t.Helper()
	files := fstest.MapFS{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = &fstest.MapFile{Data: data}
	}
	files["reference.json"] = &fstest.MapFile{Data: reference}
	manifest := string(files[weights.Manifest].Data)
	files[weights.Manifest].Data = []byte(strings.Replace(manifest, "{", `{"reference": "reference.json",`, 1))
	b, err := weights.OpenFS(files, "test", drafting(t))
	if err != nil {
		t.Fatal(err)
	}
	return b.Load("")
}

// A reference of bins for packedToy, whose third column has two categories.
const (
	toyA = `{"range":[0,1,2],"edges":[-0.1,1,2.1],"counts":[0,4,6,0,0]}`
	toyB = `{"missing":10,"counts":[0,0,10]}`
	toyC = `{"missing":1,"categories":[3,6,0],"groups":[0,1],"counts":[3,6,0,1]}`
)

func TestReferenceOfBins(t *testing.T) {
	folder := packedToy(t)
	good := fmt.Sprintf(`{"rows":10,"bins":[%s,%s,%s]}`, toyA, toyB, toyC)
	loaded, err := toyWith(t, folder, []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if r := loaded.Reference; r.Rows != 10 || r.Features[0].Median != 1 || r.Features[1].Missing != 1 || !math.IsNaN(r.Features[1].Min) || r.Features[2].Bins.Groups[1] != 1 {
		t.Errorf("read %+v", r)
	}
	for _, c := range []struct{ old, new, field, says string }{
		{`"rows":10`, `"rows":0`, "rows", "is 0; expected 1 to"},
		{`"rows":10,`, ``, "rows", "is missing"},
		{`"rows":10`, `"rows":5000000000`, "rows", "expected 1 to"},
		{`"rows":10`, `"rows":9`, "bins[0].counts", "expected numbers of rows that are 9 together at most"},
		{"," + toyC, "", "bins", "has 2 entries; the model has 3 features: make the reference again with penstock reference"},
		{`[0,1,2],"edges"`, `[0,3,2],"edges"`, "bins[0].range", "expected the least, the median and the largest"},
		{`"missing":1,`, `"missing":11,`, "bins[2].missing", "expected 0 to 10"},
		{`[3,6,0],"g`, `[3,6],"g`, "bins[2].categories", "has 2 entries; expected one for each"},
		{`[3,6,0],"g`, `[3,6,-1],"g`, "bins[2].categories", "expected numbers of rows"},
		{`[-0.1,1,2.1]`, `[-0.1,1,1]`, "bins[0].counts", "edge 2 is 1; expected finite numbers, each above"},
		{`[-0.1,1,2.1]`, `[1,2.1]`, "bins[0].counts", "5 counts with 2 edges"},
		{`"groups":[0,1]`, `"groups":[0,3]`, "bins[2].counts", "category 1 is in group 3; expected 0 to 2"},
		{`"groups":[0,1]`, `"groups":[0]`, "bins[2].counts", "groups of 1 categories; expected 2"},
		{`[0,0,10]`, `[0,0,"x"]`, "bins[1].counts", "expected int"},
		{`"missing":10`, `"missing":10,"more":1`, "bins[1]", `"more" that is not known`},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%s is not there", c.old)
		}
		_, err := toyWith(t, folder, []byte(text))
		if e, ok := errors.AsType[*weights.BundleError](err); !ok || e.File != "reference.json" || e.Field != c.field || !strings.Contains(e.Problem, c.says) {
			t.Errorf("%s: %v; want %s: %s", c.new, err, c.field, c.says)
		}
	}
}

// FuzzReference: what is read as a reference is one that can be written and read again.
func FuzzReference(f *testing.F) {
	folder := packedToy(f)
	f.Add([]byte(fmt.Sprintf(`{"rows":10,"bins":[%s,%s,%s]}`, toyA, toyB, toyC)))
	f.Add([]byte(`{"features":[[1,2,"x"],[2,null,"z"]],"labels":[1,2]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		loaded, err := toyWith(t, folder, data)
		if err != nil {
			if _, ok := errors.AsType[*weights.BundleError](err); !ok {
				t.Fatalf("error of type %T: %v", err, err)
			}
			return
		}
		defer loaded.Close()
		for i := range loaded.Reference.Features {
			bins := &loaded.Reference.Features[i].Bins
			for _, x := range []float32{0, -1, 1e30, float32(math.NaN())} {
				if at := bins.At(x, 0); at < 0 || at >= len(bins.Counts) {
					t.Fatalf("%v is in bin %d of %d", x, at, len(bins.Counts))
				}
			}
		}
		text, err := weights.EncodeReference(loaded.Reference)
		if err != nil {
			t.Fatal(err)
		}
		again, err := toyWith(t, folder, text)
		if err != nil {
			t.Fatalf("wrote %s, which is refused: %v", text, err)
		}
		if got, want := fmt.Sprint(again.Reference), fmt.Sprint(loaded.Reference); got != want {
			t.Fatalf("read %s, was %s", got, want)
		}
	})
}
