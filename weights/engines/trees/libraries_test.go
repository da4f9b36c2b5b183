package trees_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/engines/trees"
	"penstock/weights/weightstest"
)

const fitted = `
import sys
import catboost as cb, lightgbm as lgb, numpy as np, pandas as pd
from sklearn.ensemble import RandomForestClassifier
sys.path.insert(0, sys.argv[1])
from penstock._forest import write_forest
random = np.random.default_rng(1)
frame = pd.DataFrame({"size": random.normal(size=400), "colour": pd.Categorical(random.choice(["red", "green", "blue"], 400))})
y = frame["size"] + (frame["colour"] == "red") > 0.5
lgb.train({"objective": "binary", "verbose": -1}, lgb.Dataset(frame, y), 5).save_model("lightgbm.txt")
write_forest("sklearn.forest", RandomForestClassifier(5).fit(frame[["size"]], y))
cb.CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False).fit(frame[["size"]], y).save_model("catboost.json", format="json")
named = cb.CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False, cat_features=["colour"], one_hot_max_size=10).fit(frame, y)
named.save_model("named.json", format="json")
`

// A file of each library is served as it stands, or with the names that it lacks.
func TestFilesOfLibraries(t *testing.T) {
	folder := t.TempDir()
	source, err := filepath.Abs("../../../client/python/src")
	if err != nil {
		t.Fatal(err)
	}
	weightstest.Python(t, folder, fitted, source)
	engines, err := weights.NewEngines(trees.Engine())
	if err != nil {
		t.Fatal(err)
	}
	for name, library := range map[string]string{"lightgbm.txt": "lightgbm", "sklearn.forest": "scikit-learn", "catboost.json": "catboost"} {
		b, err := weights.OpenFile(filepath.Join(folder, name), weights.Hints{}, engines)
		if err != nil {
			t.Fatal(err)
		}
		loadsOnce(t, b)
		if got := b.Source().Library; got != library || b.Spec().Width() != 1 || b.Spec().First().Kind != model.Class || b.Spec().Columns[0].Name != "size" {
			t.Errorf("%s is of %q, with %+v", name, got, b.Spec())
		}
	}
	_, err = weights.OpenFile(filepath.Join(folder, "named.json"), weights.Hints{}, engines)
	weightstest.WantError(t, err, "features_info.categorical_features", "name them")

	manifest, err := json.Marshal(map[string]any{
		"name": "named", "version": "1", "features": 2,
		"outputs": []any{map[string]any{"name": "prediction", "kind": "class", "width": 1, "classes": []string{"no", "yes"}}},
		"columns": []any{map[string]any{"name": "size", "missing": true}, map[string]any{"name": "colour", "kind": "category", "categories": []string{"blue", "red"}, "unknown": "own"}},
		"engines": map[string]any{"trees": map[string]any{"file": "named.json"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, weights.Manifest), manifest, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := weights.Open(folder, engines)
	if err != nil {
		t.Fatal(err)
	}
	loadsOnce(t, b)
}

func loadsOnce(t *testing.T, b *weights.Bundle) {
	t.Helper()
	loaded, err := b.Load("")
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Close(); err != nil {
		t.Error(err)
	}
}
