package xgboost_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"penstock/weights"
	"penstock/weights/weightstest"
	"penstock/weights/xgboost"
)

// small is a model of one stump, with a category.
const small = `{"learner": {"attributes": {}, "feature_names": [], "feature_types": ["q", "c"],
 "gradient_booster": {"name": "gbtree", "model": {
  "cats": {"enc": [{"values": [], "offsets": []}, {"offsets": [0, 1, 3], "values": [97, 98, 99]}]},
  "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "2"}, "tree_info": [0, 0], "trees": [
   {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0], "split_conditions": [0.5, -1E0, 2E0],
    "default_left": [true, false, false], "split_type": [0, 0, 0], "categories": [], "categories_nodes": [], "categories_segments": [], "categories_sizes": [],
    "loss_changes": [null, {"a\u00e9\ud83d\ude00": "\n"}], "base_weights": [0, NaN, -Infinity], "tree_param": {"size_leaf_vector": "0"}},
   {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [1, 0, 0], "split_conditions": [NaN, -3E0, 4E0],
    "default_left": [0, 0, 0], "split_type": [1, 0, 0], "categories": [1], "categories_nodes": [0], "categories_segments": [0], "categories_sizes": [1],
    "tree_param": {"size_leaf_vector": "1"}}]}},
 "learner_model_param": {"base_score": "[5E-1]", "num_class": "0", "num_feature": "2", "num_target": "1"},
 "objective": {"name": "binary:logistic"}}, "version": [3, 2, 0]}`

// legacy is how a model in the old binary format begins.
const legacy = "binf\x00\x00\x00?\x05\x00\x00\x00\x00\x00\x00\x00"

func TestRefuses(t *testing.T) {
	for name, test := range map[string]struct{ from, to, field, says string }{
		"linear":         {`"name": "gbtree"`, `"name": "gblinear"`, "learner.gradient_booster.name", "gblinear"},
		"objective":      {"binary:logistic", "mine", "learner.objective.name", "mine"},
		"no trees":       {`"trees": [`, `"trees": [], "others": [`, "learner.gradient_booster.model.trees", "at least one tree"},
		"a loop":         {`"left_children": [1,`, `"left_children": [0,`, "learner.gradient_booster.model.trees[0].left_children", "another node"},
		"lengths":        {`"split_indices": [0, 0, 0]`, `"split_indices": [0, 0]`, "learner.gradient_booster.model.trees[0].split_indices", "2 entries; expected 3"},
		"feature":        {`"split_indices": [1, `, `"split_indices": [2, `, "learner.gradient_booster.model.trees[1].split_indices", "feature 2"},
		"no threshold":   {"[0.5,", "[NaN,", "learner.gradient_booster.model.trees[0].split_conditions", "NaN"},
		"no leaf":        {"-1E0", "Infinity", "learner.gradient_booster.model.trees[0].split_conditions", "finite"},
		"base":           {"[5E-1]", "[1E0]", "learner.learner_model_param.base_score", "no margin"},
		"bases":          {"[5E-1]", "[5E-1,5E-1]", "learner.learner_model_param.base_score", "2 numbers"},
		"no base":        {"[5E-1]", "[a]", "learner.learner_model_param.base_score", "expected a number"},
		"classes":        {`"num_class": "0"`, `"num_class": "9000000"`, "learner.gradient_booster.model.trees[0]", "9000000 classes"},
		"features":       {`"num_feature": "2"`, `"num_feature": "2000000000"`, "learner.learner_model_param.num_feature", "expected 1 to"},
		"a count":        {`"num_feature": "2"`, `"num_feature": "two"`, "learner.learner_model_param.num_feature", "whole number"},
		"large category": {`"categories": [1]`, `"categories": [16777216]`, "learner.gradient_booster.model.trees[1].categories", "expected 0 to"},
		"no set":         {`"categories_nodes": [0]`, `"categories_nodes": [1]`, "learner.gradient_booster.model.trees[1].split_type", "categories_nodes"},
		"groups":         {`"tree_info": [0, 0]`, `"tree_info": [0, 1]`, "learner.gradient_booster.model.trees[1]", "group 1"},
		"cut short":      {`, "version": [3, 2, 0]}`, "", "", "cut short"},
		"more":           {`[3, 2, 0]}`, `[3, 2, 0]}}`, "", "goes on"},
		"deep":           {`"attributes": {}`, `"attributes": ` + strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000), "learner.attributes", "expected an object"},
		"deep skipped":   {`"attributes": {}`, `"others": ` + strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000), "learner", "64 levels"},
		"a name":         {`[0, 1, 3], "values"`, `[0, 1, 4], "values"`, "learner.gradient_booster.model.cats.enc[1].offsets", "of 3 bytes"},
		"no learner":     {`"learner"`, `"other"`, "learner", "missing"},
		"best":           {`"attributes": {}`, `"attributes": {"best_iteration": "2", "scikit_learn": "{}"}`, "learner.attributes.best_iteration", "3 trees"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(small, test.from) {
				t.Fatalf("the model has no %q", test.from)
			}
			_, err := xgboost.Read([]byte(strings.Replace(small, test.from, test.to, 1)))
			weightstest.WantError(t, err, test.field, test.says)
		})
	}
	for _, data := range []string{legacy, "", "{", "[1]", "tree\nversion=v4\n"} {
		_, err := xgboost.Read([]byte(data))
		weightstest.WantError(t, err, "", `save_model("model.ubj")`)
	}
}

func TestRead(t *testing.T) {
	p, err := xgboost.Read([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Source; got.Version != "3.2.0" || got.Format != "JSON" {
		t.Errorf("source %+v", got)
	}
	if c := p.Columns[1]; len(p.Columns) != 2 || c.Name != "f1" || len(c.Categories) != 2 || c.Categories[1] != "bc" || !c.Missing {
		t.Errorf("columns %+v", p.Columns)
	}
	if o := p.Outputs[0]; o.Kind != "class" || o.Width != 1 || len(o.Classes) != 2 {
		t.Errorf("outputs %+v", p.Outputs)
	}
	// Category 1 is in the set and goes right, as does no value: to 4.
	for category, want := range map[float32]float64{0: -3, 1: 4, 2: -3, -1: -3, 1e9: -3} {
		if tree := &p.Forest.Trees[1]; tree.Leaves[leafOf(tree, []float32{0, category})] != want {
			t.Errorf("category %v is not on the leaf of %v", category, want)
		}
	}
}

// TestNumberedCategories: without names, categories have their numbers, up to the
// largest that a split asks for, and all others are one more.
func TestNumberedCategories(t *testing.T) {
	p, err := xgboost.Read([]byte(strings.NewReplacer(`"cats"`, `"others"`, `"categories": [1]`, `"categories": [33]`).Replace(small)))
	if err != nil {
		t.Fatal(err)
	}
	if c := p.Columns[1]; len(c.Categories) != 34 || c.Categories[33] != "33" || c.Unknown != "own" {
		t.Errorf("column %+v", c)
	}
}

// TestNamesBeyondASCII: those that the library has cut wrongly are not believed.
func TestNamesBeyondASCII(t *testing.T) {
	p, err := xgboost.Read([]byte(strings.Replace(small, "[97, 98, 99]", "[-61, -87, 98]", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if c := p.Columns[1]; len(c.Categories) != 2 || c.Categories[1] != "1" || c.Unknown != "own" {
		t.Errorf("column %+v", c)
	}
}

// models are files to mutate.
func models(t testing.TB) (files [][]byte) {
	files = append(files, []byte(small))
	for _, pattern := range []string{"testdata/v*/*.json", "testdata/v*/*.ubj"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, data)
		}
	}
	return files
}

func FuzzRead(f *testing.F) {
	for _, data := range models(f) {
		f.Add(data)
	}
	f.Add([]byte(legacy))
	f.Add([]byte("{L\x00\x00\x00\x00\x00\x00\x00\x07learner[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff}"))
	f.Fuzz(func(t *testing.T, data []byte) { mustStand(t, data) })
}

func mustStand(t *testing.T, data []byte) {
	p, err := xgboost.Read(data)
	if err == nil {
		weightstest.Stands(t, p, len(data))
		return
	}
	var e *weights.BundleError
	if !errors.As(err, &e) {
		t.Fatalf("error of type %T: %v", err, err)
	}
}

func TestMutants(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	files := models(t)
	read := 0
	for i := range weightstest.Mutants(300) {
		data := weightstest.Mutate(files[i%len(files)], random)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, err := xgboost.Read(data)
		runtime.ReadMemStats(&after)
		// Everything that was ever taken, of which most is soon free again.
		if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20+100*uint64(len(data)) {
			t.Fatalf("a file of %d bytes took %d", len(data), took)
		}
		if err == nil {
			read++
			weightstest.Stands(t, p, len(data))
		}
		mustStand(t, data)
	}
	t.Logf("%d could be read all the same", read)
}
