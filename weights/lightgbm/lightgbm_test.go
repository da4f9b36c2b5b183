package lightgbm_test

import (
	"cmp"
	_ "embed"
	"errors"
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
	"penstock/weights/lightgbm"
	"penstock/weights/weightstest"
)

//go:embed testdata/models.py
var models string

// Models of every objective, kind of missing value and kind of category give what
// LightGBM gives. PENSTOCK_ROWS=100000 compares that many rows.
func TestLikeLightGBM(t *testing.T) {
	folder := t.TempDir()
	names := strings.Fields(string(weightstest.Python(t, folder, models, cmp.Or(os.Getenv("PENSTOCK_ROWS"), "400"))))
	if len(names) < 30 {
		t.Fatalf("only %d models: %q", len(names), names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			p := read(t, filepath.Join(folder, name+".txt"))
			t.Logf("%+v", weightstest.Compare(t, folder, name, p, 0))
		})
	}
	t.Run("columns", func(t *testing.T) {
		p := read(t, filepath.Join(folder, "pandas.txt"))
		number := func(name string) model.Column { return model.Column{Name: name, Kind: model.Number, Missing: true} }
		category := func(name string, categories ...string) model.Column {
			return model.Column{Name: name, Kind: model.Category, Categories: categories, Unknown: model.AsMissing, Missing: true}
		}
		want := []model.Column{
			number("a"), number("b_b"), category("yes", "False", "True"), category("number", "0", "2", "4", "6", "8"),
			category("colour", "blueé", `gre"en`, "red", "white"), number("c"), number("d"), number("é"), number("f"),
		}
		if !reflect.DeepEqual(p.Columns, want) {
			t.Errorf("columns %+v; want %+v", p.Columns, want)
		}
		if p := read(t, filepath.Join(folder, "binary.txt")); p.Columns != nil {
			t.Errorf("columns %+v of a model without names", p.Columns)
		}
	})
	t.Run("linear", func(t *testing.T) {
		data, err := os.ReadFile(filepath.Join(folder, "linear.model"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = lightgbm.Read(data)
		weightstest.WantError(t, err, "tree 0.is_linear", "linear_tree=false")
	})
}

func read(t *testing.T, path string) trees.Parsed {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := lightgbm.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// small is a model with a set of categories, a comparison of each kind, and a tree
// that is a leaf.
const small = `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=2
objective=binary sigmoid:1
feature_names=a b colour
feature_infos=[0:1] [0:1] -1:0:1:3
tree_sizes=300 100

Tree=0
num_leaves=5
num_cat=1
split_feature=2 0 1 0
threshold=0 0.10000000000000001 -1 1e300
decision_type=1 2 6 8
left_child=1 2 -1 -2
right_child=-5 3 -3 -4
leaf_value=1 2 3 4 5
cat_boundaries=0 2
cat_threshold=1 2
is_linear=0
shrinkage=1


Tree=1
num_leaves=1
num_cat=0
leaf_value=0.5
is_linear=0


end of trees

parameters:
[boosting: gbdt]
[categorical_feature: 2]
end of parameters

pandas_categorical:[["x", 1, 2.5, true]]
`

func TestRead(t *testing.T) {
	for _, file := range []string{small, strings.ReplaceAll(small, "\n", "\r\n")} {
		p, err := lightgbm.Read([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		want := []trees.Node{
			{Feature: 2, Test: trees.In, Set: []uint32{1, 2}, Left: 1, Right: -5},
			{Feature: 0, Threshold: trees.AtMost(0.1), MissingLeft: true, Left: 2, Right: 3},
			{Feature: 1, Threshold: trees.AtMost(-1), MissingLeft: true, ZeroMissing: true, Left: -1, Right: -3},
			{Feature: 0, Threshold: trees.AtMost(1e300), Left: -2, Right: -4},
		}
		if got := p.Forest.Trees[0].Nodes; !reflect.DeepEqual(got, want) {
			t.Errorf("nodes %+v; want %+v", got, want)
		}
		if got := p.Forest.Trees[1]; got.Nodes != nil || !slices.Equal(got.Leaves, []float64{0.5}) {
			t.Errorf("tree of one leaf is %+v", got)
		}
		if got := p.Columns[2].Categories; !slices.Equal(got, []string{"x", "1", "2.5", "True"}) {
			t.Errorf("categories %q", got)
		}
		if p.Source != (model.Source{Library: "lightgbm", Format: "text v4"}) {
			t.Errorf("source %+v", p.Source)
		}
	}
}

var faults = []struct{ name, from, to, field, says string }{
	{"another file", "tree\n", "{}\n", "", `does not begin with the line "tree"`},
	{"cut short", "end of trees", "", "tree 1", "cut short"},
	{"no trees", small[strings.Index(small, "Tree=0"):strings.Index(small, "end of trees")], "", "", "has 0 trees"},
	{"trees per iteration", "num_tree_per_iteration=1", "num_tree_per_iteration=3", "", "has 2 trees; expected a multiple"},
	{"trees per iteration of a binary model", "num_tree_per_iteration=1", "num_tree_per_iteration=2", "objective", "2 trees per iteration"},
	{"no trees per iteration", "num_tree_per_iteration=1\n", "", "num_tree_per_iteration", "is missing"},
	{"names", "feature_names=a b", "feature_names=a", "feature_names", "has 2 names; expected 3"},
	{"names in Latin-1", "feature_names=a", "feature_names=\xe9", "feature_names", "not UTF-8"},
	{"objective", "binary sigmoid:1", "new", "objective", "Python engine"},
	{"slope", "sigmoid:1", "sigmoid:-1", "objective", "a positive number"},
	{"linear", "is_linear=0\nshrinkage", "is_linear=1\nshrinkage", "tree 0.is_linear", "linear_tree=false"},
	{"leaves", "num_leaves=5", "num_leaves=2000000000", "tree 0.num_leaves", "expected a number, 1 to"},
	{"more leaves", "num_leaves=5", "num_leaves=1000000000", "tree 0.leaf_value", "has 5 numbers"},
	{"no leaves", "leaf_value=0.5", "leaf_value=", "tree 1.leaf_value", "has 0 numbers"},
	{"leaf", "leaf_value=0.5", "leaf_value=nan", "tree 1.leaf_value", `has "nan" at place 0`},
	{"a field twice", "num_cat=0", "num_leaves=1", "tree 1", "twice"},
	{"a field missing", "left_child=1 2 -1 -2\n", "", "tree 0.left_child", "is missing"},
	{"no number", "right_child=-5", "right_child=x", "tree 0.right_child", `has "x" at place 0`},
	{"too large", "right_child=-5", "right_child=4294967296", "tree 0.right_child", "expected a number"},
	{"decision", "decision_type=1 2 6 8", "decision_type=1 2 6 12", "tree 0.decision_type", "of node 3 is 12"},
	{"set", "threshold=0 ", "threshold=1 ", "tree 0.threshold", "one of its 1 sets"},
	{"sets", "cat_boundaries=0 2", "cat_boundaries=0 3", "tree 0.cat_boundaries", "up to 2"},
	{"words", "cat_threshold=1 2", "cat_threshold=1 -2", "tree 0.cat_threshold", "expected 32 bits"},
	{"pandas", "pandas_categorical:[", "pandas_categorical:[[],", "pandas_categorical", "of 2 columns, but categorical_feature has 1"},
	{"pandas' codes", "-1:0:1:3", "0:4", "pandas_categorical", `4 categories for column "colour", whose values 0:4`},
	{"pandas' numbers", "-1:0:1:3", "[0:1]", "pandas_categorical", "are no codes"},
	{"pandas' JSON", "pandas_categorical:[", "pandas_categorical:{", "pandas_categorical", "is no JSON"},
	{"pandas' category", `"x"`, `{}`, "pandas_categorical", "has the category {}"},
	{"categorical column", "[categorical_feature: 2]", "[categorical_feature: 3]", "categorical_feature", "0 to 2"},
}

func TestReadRefuses(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			if !strings.Contains(small, f.from) {
				t.Fatalf("the model has no %q", f.from)
			}
			_, err := lightgbm.Read([]byte(strings.Replace(small, f.from, f.to, 1)))
			weightstest.WantError(t, err, f.field, f.says)
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	for _, fault := range faults {
		f.Add([]byte(strings.Replace(small, fault.from, fault.to, 1)))
	}
	f.Fuzz(func(t *testing.T, file []byte) { mustStand(t, file) })
}

// mustStand reads a file of any bytes: it ends in an error of the type that is
// promised, or in a forest that is bounded by the file.
func mustStand(t *testing.T, file []byte) {
	t.Helper()
	p, err := lightgbm.Read(file)
	if err != nil {
		if _, ok := errors.AsType[*weights.BundleError](err); !ok {
			t.Fatalf("error of type %T: %v", err, err)
		}
		return
	}
	weightstest.Stands(t, p, len(file))
}

// Bytes of a good file are changed, cut out and doubled.
func TestMutants(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range weightstest.Mutants(300) {
		mustStand(t, weightstest.Mutate([]byte(small), random))
	}
}

// Files of the shortest numbers there are, which make the most of their bytes.
func TestMemory(t *testing.T) {
	const n = 100_000
	zeros := func(n int) string { return strings.Repeat("0 ", n) }
	tree := "Tree=0\nnum_leaves=100001\nsplit_feature=" + zeros(n) + "\nthreshold=" + zeros(n) + "\ndecision_type=" + zeros(n) +
		"\nleft_child=" + zeros(n) + "\nright_child=" + zeros(n) + "\nleaf_value=" + zeros(n+1) + "\n"
	begin, end := strings.Index(small, "Tree=0"), strings.Index(small, "end of trees")
	leaves := strings.Repeat("Tree=\nnum_leaves=1\nleaf_value=0\n", n)
	for name, file := range map[string]string{
		"nodes":      small[:begin] + tree + small[end:],
		"leaves":     small[:begin] + leaves + small[end:],
		"words":      strings.Replace(small, "cat_threshold=1 2", "cat_threshold="+zeros(n), 1),
		"boundaries": strings.Replace(small, "cat_boundaries=0 2", "cat_boundaries="+zeros(n), 1),
		"categories": strings.Replace(small, `"x", `, strings.Repeat("1,", n), 1),
	} {
		var err error
		got := weightstest.Allocated(func() { _, err = lightgbm.Read([]byte(file)) })
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %.1f times the file", name, float64(got)/float64(len(file)))
		if got > 100*uint64(len(file)) {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, got, len(file))
		}
	}
}
