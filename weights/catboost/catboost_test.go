package catboost_test

import (
	"cmp"
	_ "embed"
	"encoding/json"
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
	"penstock/weights/catboost"
	"penstock/weights/weightstest"
)

//go:embed testdata/models.py
var models string

// Models of every loss, form of tree and kind of category give what CatBoost gives.
// PENSTOCK_ROWS=100000 compares that many rows.
func TestLikeCatBoost(t *testing.T) {
	folder := t.TempDir()
	names := strings.Fields(string(weightstest.Python(t, folder, models, cmp.Or(os.Getenv("PENSTOCK_ROWS"), "400"))))
	if len(names) < 35 {
		t.Fatalf("only %d models: %q", len(names), names)
	}
	file := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var categories []string
	if err := json.Unmarshal(file("names.txt"), &categories); err != nil {
		t.Fatal(err)
	}
	columns := make([]model.Column, 8)
	columns[1] = model.Column{Kind: model.Category, Categories: categories}
	columns[3] = model.Column{Kind: model.Category, Categories: []string{"0", "1", "2", "3", "4"}}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			var named []model.Column
			if strings.HasPrefix(name, "Categories") {
				named = columns
			}
			p, err := catboost.ReadNamed(file(name+".json"), named)
			if err != nil {
				t.Fatal(err)
			}
			if p.Source.Library != "catboost" || !strings.HasPrefix(p.Source.Version, "1.") {
				t.Errorf("source %+v", p.Source)
			}
			t.Logf("%+v", weightstest.Compare(t, folder, name, p, 0))
		})
	}
	for name, want := range map[string][]string{"Logloss_names": {"no", `yes"é`}, "MultiClass": {"0.5", "1.5", "2.5"}, "CrossEntropy": {"0", "1"}} {
		if p, err := catboost.Read(file(name + ".json")); err != nil || !slices.Equal(p.Outputs[0].Classes, want) {
			t.Errorf("%s has outputs %+v, error %v; want classes %q", name, p.Outputs, err, want)
		}
	}
	for name, want := range map[string][2]string{
		"Categories.json":   {"features_info.categorical_features", "name them in the manifest's columns"},
		"statistics.model":  {"features_info.ctrs", "Python engine"},
		"uncertainty.model": {"model_info.params.loss_function", `"RMSEWithUncertainty"`},
	} {
		_, err := catboost.Read(file(name))
		weightstest.WantError(t, err, want[0], want[1])
	}
}

// small is a model of a symmetric tree with a category.
const small = `{"ctr_data": {}, "features_info": {
"categorical_features": [{"feature_id": "colour", "feature_index": 0, "flat_feature_index": 0, "values": [1]}],
"float_features": [{"borders": [0.1], "feature_id": "a", "feature_index": 0, "flat_feature_index": 1, "has_nans": true, "nan_value_treatment": "AsTrue"}]},
"model_info": {"catboost_version_info": "Branch: tags/v1.2.10", "class_params": {"class_names": [false, true]}, "params": {"loss_function": {"type": "Logloss"}}},
"oblivious_trees": [{"leaf_values": [1, 2, 3, 4], "leaf_weights": [], "splits": [
{"border": 0.1, "float_feature_index": 0, "split_index": 0, "split_type": "FloatFeature"},
{"cat_feature_index": 0, "split_index": 1, "split_type": "OneHotFeature", "value": -492494484}]}],
"scale_and_bias": [2, [0.5]]}`

// another is a model of trees that are not symmetric.
const another = `{"features_info": {"float_features": [{"feature_id": "0", "feature_index": 0, "flat_feature_index": 0}]},
"model_info": {"params": {"loss_function": {"type": "RMSE"}}},
"trees": [{"left": {"value": 1}, "right": {"split": {"border": 3, "float_feature_index": 0, "split_type": "FloatFeature"}, "left": {"value": 2}, "right": {"value": 3}},
"split": {"border": 2, "float_feature_index": 0, "split_type": "FloatFeature"}}],
"scale_and_bias": [1, [0]]}`

var colours = []model.Column{{Name: "x", Kind: model.Category, Categories: []string{"blue", "red"}}, {Name: "y", Kind: model.Number}}

func TestRead(t *testing.T) {
	p, err := catboost.ReadNamed([]byte(small), colours)
	if err != nil {
		t.Fatal(err)
	}
	if f := p.Forest; f.Scale != 2 || !slices.Equal(f.Add, []float64{0.5}) || len(f.Trees[0].Nodes) != 3 || f.Trees[0].Nodes[1].Threshold != trees.AtMost(0.1) || f.Trees[0].Nodes[1].MissingLeft {
		t.Errorf("forest %+v", f)
	}
	if want := []model.Column{
		{Name: "colour", Kind: model.Category, Categories: []string{"blue", "red"}, Unknown: model.Own},
		{Name: "a", Kind: model.Number, Missing: true},
	}; !reflect.DeepEqual(p.Columns, want) {
		t.Errorf("columns %+v; want %+v", p.Columns, want)
	}
	if p, err = catboost.Read([]byte(another)); err != nil || p.Columns != nil || !p.Missing {
		t.Fatalf("read %+v, error %v", p, err)
	}
	want := []trees.Node{{Threshold: trees.AtMost(2), MissingLeft: true, Left: -1, Right: 1}, {Threshold: trees.AtMost(3), MissingLeft: true, Left: -2, Right: -3}}
	if got := p.Forest.Trees[0]; !reflect.DeepEqual(got.Nodes, want) || !slices.Equal(got.Leaves, []float64{1, 2, 3}) {
		t.Errorf("tree %+v", got)
	}
}

var faults = []struct{ name, file, from, to, field, says string }{
	{"no JSON", small, "{", "[", "", "is not a JSON object"},
	{"another file", small, `"params"`, `"paramus"`, "model_info.params.loss_function", "is missing"},
	{"unknown member", small, `"ctr_data"`, `"new"`, "", `"new"`},
	{"a string for a number", small, `[1, 2, 3, 4]`, `["1"]`, "oblivious_trees", "is not as expected"},
	{"loss", small, `"Logloss"`, `"New"`, "model_info.params.loss_function", "Python engine"},
	{"loss of other sums", small, `"Logloss"`, `"MultiClass"`, "model_info.params.loss_function", "with 1 sums"},
	{"class", small, `[false, true]`, `[false, null]`, "model_info.class_params.class_names", "entry 1"},
	{"text", small, `"float_features"`, `"text_features": [{}], "float_features"`, "features_info.text_features", "Python engine"},
	{"statistics", small, `"float_features"`, `"ctrs": [{}], "float_features"`, "features_info.ctrs", "Python engine"},
	{"place", small, `"flat_feature_index": 1`, `"flat_feature_index": 0`, "features_info", `the feature "colour" at place 0`},
	{"place beyond", another, `"flat_feature_index": 0`, `"flat_feature_index": 1000000000`, "features_info", "at place 1000000000"},
	{"missing", small, `"AsTrue"`, `"Drop"`, "features_info.float_features", `"Drop"`},
	{"columns", small, `"flat_feature_index": 1`, `"flat_feature_index": 2`, "features_info", "at place 2"},
	{"scale", small, `[2, [0.5]]`, `[0, [0.5]]`, "scale_and_bias", "expected a number and a list"},
	{"bias", small, `[2, [0.5]]`, `[2, []]`, "scale_and_bias", "expected a number and a list"},
	{"leaves", small, `[1, 2, 3, 4]`, `[1, 2, 3]`, "oblivious_trees[0].leaf_values", "has 3 numbers; 2 splits"},
	{"split", small, `"FloatFeature"`, `"OnlineCtr"`, "oblivious_trees[0]", `type "OnlineCtr"`},
	{"split's feature", small, `"float_feature_index": 0`, `"float_feature_index": 1`, "oblivious_trees[0]", "float feature 1"},
	{"split's category", small, `"cat_feature_index": 0`, `"cat_feature_index": 1`, "oblivious_trees[0]", "categorical feature 1"},
	{"no border", small, `"border": 0.1, `, ``, "oblivious_trees[0]", "has no border"},
	{"both kinds of trees", small, `"oblivious_trees"`, `"trees": [{"value": 1}], "oblivious_trees"`, "oblivious_trees", "expected some of one"},
	{"no trees", another, `"trees"`, `"ctr_data"`, "oblivious_trees", "has 0 trees"},
	{"no branch", another, `"left": {"value": 1}, `, ``, "trees[0]", "neither a split"},
	{"null", another, `{"value": 1}`, `null`, "trees[0]", "neither a split"},
	{"value", another, `{"value": 1}`, `{"value": [1, 2]}`, "trees[0]", "than 1 numbers"},
}

func TestReadRefuses(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			if !strings.Contains(f.file, f.from) {
				t.Fatalf("the model has no %q", f.from)
			}
			_, err := catboost.ReadNamed([]byte(strings.Replace(f.file, f.from, f.to, 1)), colours)
			weightstest.WantError(t, err, f.field, f.says)
		})
	}
}

func TestIs(t *testing.T) {
	for file, want := range map[string]bool{small: true, another: true, "\n{\n \"trees\" : [": true, `{"learner":{`: false, "": false, `{"model_info"`: false} {
		if catboost.Is([]byte(file)) != want {
			t.Errorf("Is(%.20q) = %v", file, !want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	for _, fault := range faults {
		f.Add([]byte(strings.Replace(fault.file, fault.from, fault.to, 1)))
	}
	f.Fuzz(func(t *testing.T, file []byte) { mustStand(t, file) })
}

// mustStand reads a file of any bytes: it ends in an error of the type that is
// promised, or in a forest that is bounded by the file.
func mustStand(t *testing.T, file []byte) {
	t.Helper()
	p, err := catboost.ReadNamed(file, colours)
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
	for i := range weightstest.Mutants(300) {
		mustStand(t, weightstest.Mutate([]byte([]string{small, another}[i%2]), random))
	}
}

// Files of the shortest numbers and trees there are, which make the most of their bytes.
func TestMemory(t *testing.T) {
	const depth = 16
	split := `{"border": 1, "split_type": "FloatFeature"},`
	begin := strings.Index(another, `"trees"`)
	tail := `"scale_and_bias": [1, [0]]}`
	for name, file := range map[string]string{
		"nodes":  another[:begin] + `"oblivious_trees": [{"leaf_values": [` + strings.Repeat("0,", 1<<depth)[:2<<depth-1] + `], "splits": [` + strings.Trim(strings.Repeat(split, depth), ",") + `]}],` + tail,
		"leaves": another[:begin] + `"trees": [` + strings.Repeat(`{"value":0},`, 50_000) + `{"value":0}],` + tail,
		"trees":  another[:begin] + `"oblivious_trees": [` + strings.Repeat(`{"leaf_values":[0]},`, 50_000) + `{"leaf_values":[0]}],` + tail,
	} {
		var err error
		got := weightstest.Allocated(func() { _, err = catboost.Read([]byte(file)) })
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %.1f times the file", name, float64(got)/float64(len(file)))
		if got > 100*uint64(len(file)) {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, got, len(file))
		}
	}
}
