package xgboost_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights/weightstest"
	"penstock/weights/xgboost"
)

// rowsEnv asks for more rows than the few that every test run has.
const rowsEnv = "PENSTOCK_LIBRARY_ROWS"

// TestAsTheLibrary holds models of every objective, booster and kind of split to what
// XGBoost itself predicts.
func TestAsTheLibrary(t *testing.T) {
	weightstest.Interpreter(t)
	script, err := os.ReadFile("testdata/library.py")
	if err != nil {
		t.Fatal(err)
	}
	rows := "200"
	if asked := os.Getenv(rowsEnv); asked != "" {
		rows = asked
	}
	folder := t.TempDir()
	names := strings.Fields(string(weightstest.Python(t, folder, string(script), folder, rows)))
	if len(names) < 85 {
		t.Errorf("only %d models were made", len(names))
	}
	c := newComparison(t, folder)
	for _, name := range names {
		c.compare(t, name)
	}
	t.Logf("%d models, %d rows each: %d margins of other bits, %d leaves, %d ulp at most of scores", len(names), c.count, c.margins, c.leaves, c.ulps)
}

// TestOldVersions reads models that older versions saved.
func TestOldVersions(t *testing.T) {
	folders, _ := filepath.Glob("testdata/v*")
	if len(folders) < 3 {
		t.Fatalf("only %d folders of old versions", len(folders))
	}
	for _, folder := range folders {
		c := newComparison(t, folder)
		models, _ := filepath.Glob(folder + "/*.margin.f32")
		for _, m := range models {
			c.compare(t, strings.TrimSuffix(filepath.Base(m), ".margin.f32"))
		}
		if len(models) == 0 {
			t.Errorf("%s has no models", folder)
		}
	}
}

// comparison is of models in a folder, over the same rows.
type comparison struct {
	folder                string
	rows, categories      []float32
	count                 int
	margins, leaves, ulps int
}

const features = 6

func newComparison(t *testing.T, folder string) *comparison {
	c := &comparison{folder: folder}
	c.rows = readFloats(t, folder, "rows.f32")
	c.categories = readFloats(t, folder, "categories.f32")
	c.count = len(c.rows) / features
	return c
}

func readFloats(t *testing.T, folder, name string) []float32 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values
}

func (c *comparison) compare(t *testing.T, name string) {
	t.Helper()
	rows := c.rows
	if strings.HasSuffix(name, "-cat") || name == "onehot" {
		rows = c.categories
	}
	var parsed []trees.Parsed
	for _, kind := range []string{"ubj", "json"} {
		data, err := os.ReadFile(filepath.Join(c.folder, name+"."+kind))
		if os.IsNotExist(err) {
			continue // an old version that cannot write it
		}
		if err != nil {
			t.Fatal(err)
		}
		if !xgboost.Is(data) {
			t.Errorf("%s.%s is not known as a model", name, kind)
		}
		p, err := xgboost.Read(data)
		if err != nil {
			t.Errorf("%s.%s: %v", name, kind, err)
			return
		}
		if want := map[string]string{"ubj": "UBJSON", "json": "JSON"}[kind]; p.Source.Format != want || p.Source.Library != "xgboost" {
			t.Errorf("%s.%s: source %+v", name, kind, p.Source)
		}
		parsed = append(parsed, p)
	}
	if len(parsed) == 2 { // what one says the other says
		parsed[0].Source, parsed[1].Source = parsed[1].Source, parsed[0].Source
		if a, b := fmt.Sprintf("%+v", *parsed[0].Forest), fmt.Sprintf("%+v", *parsed[1].Forest); a != b {
			t.Errorf("%s: the JSON and the UBJSON differ", name)
		}
	}
	c.hold(t, name, parsed[0].Forest, rows)
}

func (c *comparison) hold(t *testing.T, name string, f *trees.Forest, rows []float32) {
	t.Helper()
	margins := readFloats(t, c.folder, name+".margin.f32")
	scores := readFloats(t, c.folder, name+".score.f32")
	leaves := readFloats(t, c.folder, name+".leaf.f32")
	if len(margins) != c.count*f.Sums || len(leaves) != c.count*len(f.Trees) {
		t.Errorf("%s: the library has %d margins and %d leaves of %d rows; the forest %d sums and %d trees", name, len(margins), len(leaves), c.count, f.Sums, len(f.Trees))
		return
	}
	// The library numbers nodes, the forest leaves: each of one must be one of the other.
	type key struct{ tree, leaf int }
	known := map[key]float32{}
	other := map[[2]float32]int{}
	wrongMargins, wrongLeaves, ulps := 0, 0, 0
	compiled := compiledMargins(t, f, rows)
	for row := range c.count {
		x := rows[row*features:][:features]
		sums := begin(f)
		for i := range f.Trees {
			leaf := leafOf(&f.Trees[i], x)
			theirs := leaves[row*len(f.Trees)+i]
			first, ok := known[key{i, leaf}]
			mine, also := other[[2]float32{float32(i), theirs}]
			if ok && first != theirs || also && mine != leaf {
				wrongLeaves++
			}
			known[key{i, leaf}], other[[2]float32{float32(i), theirs}] = theirs, leaf
			add(sums, &f.Trees[i], leaf)
		}
		for s, sum := range sums {
			if got := compiled[row*f.Sums+s]; got != sum {
				t.Fatalf("%s row %d: the compiled forest's margin is %v, the walk's %v", name, row, got, sum)
			}
			if math.Float32bits(sum) != math.Float32bits(margins[row*f.Sums+s]) {
				if wrongMargins == 0 {
					t.Errorf("%s row %d: margin %v, the library's %v", name, row, sum, margins[row*f.Sums+s])
				}
				wrongMargins++
			}
		}
		if len(scores) == len(margins) { // multi:softmax predicts a class
			for s, score := range linked(f.Link.Kind, sums) {
				ulps = max(ulps, apart(score, scores[row*f.Sums+s]))
			}
		}
	}
	if wrongMargins+wrongLeaves > 0 {
		t.Errorf("%s: of %d rows %d margins differ, and %d leaves", name, c.count, wrongMargins, wrongLeaves)
	}
	if ulps > 4 {
		t.Errorf("%s: a score is %d ulp from the library's", name, ulps)
	}
	c.margins, c.leaves, c.ulps = c.margins+wrongMargins, c.leaves+wrongLeaves, max(c.ulps, ulps)
}

// compiledMargins are what model/trees makes of the rows, without the link.
func compiledMargins(t *testing.T, f *trees.Forest, rows []float32) []float32 {
	t.Helper()
	unlinked := *f
	unlinked.Link = trees.Link{}
	spec := model.Spec{Name: "test", Version: "1", Features: f.Features, Missing: true,
		Outputs: []model.Output{{Name: model.PredictionName, Kind: model.Values, Width: f.Sums}}}
	m, err := trees.New(spec, &unlinked, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	session, err := m.NewSession(64)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	margins := make([]float32, 0, len(rows)/features*f.Sums)
	for chunk := range slices.Chunk(rows, 64*features) {
		n := len(chunk) / features
		margins = margins[:len(margins)+n*f.Sums]
		if err := session.Predict(margins[len(margins)-n*f.Sums:], chunk, n); err != nil {
			t.Fatal(err)
		}
	}
	return margins
}

func begin(f *trees.Forest) []float32 {
	sums := make([]float32, f.Sums)
	for i, x := range f.Begin {
		sums[i] = float32(x)
	}
	return sums
}

func add(sums []float32, t *trees.Tree, leaf int) {
	if t.Sum == trees.AllSums {
		for s := range sums {
			sums[s] += float32(t.Leaves[leaf*len(sums)+s])
		}
		return
	}
	sums[t.Sum] += float32(t.Leaves[leaf])
}

// leafOf walks a tree as the forest's documentation says.
func leafOf(t *trees.Tree, x []float32) int {
	if len(t.Nodes) == 0 {
		return 0
	}
	at := int32(0)
	for at >= 0 {
		n := &t.Nodes[at]
		v, left := x[n.Feature], false
		switch {
		case v != v:
			left = n.MissingLeft
		case n.Test == trees.Less:
			left = v < n.Threshold
		case v >= 0 && v < float32(32*len(n.Set)):
			left = n.Set[int(v)/32]>>(int(v)%32)&1 != 0
		}
		if at = n.Right; left {
			at = n.Left
		}
	}
	return int(^at)
}

func linked(kind trees.LinkKind, sums []float32) []float32 {
	scores := make([]float32, len(sums))
	total := 0.0
	for _, x := range sums {
		total += math.Exp(float64(x))
	}
	for i, x := range sums {
		e := math.Exp(float64(x))
		switch kind {
		case trees.LinkSigmoid:
			e = 1 / (1 + 1/e)
		case trees.LinkSoftmax:
			e /= total
		case trees.LinkStep:
			e = 0
			if x > 0 {
				e = 1
			}
		case trees.LinkNone:
			e = float64(x)
		}
		scores[i] = float32(e)
	}
	return scores
}

func apart(a, b float32) int {
	d := int(int32(math.Float32bits(a))) - int(int32(math.Float32bits(b)))
	return max(d, -d)
}
