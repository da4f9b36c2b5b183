package trees_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"penstock/weights"
	"penstock/weights/engines/trees"
	"penstock/weights/weightstest"
)

// saved is a model of XGBoost's that is in the repository: binary:logistic of six
// features.
const saved = "../../xgboost/testdata/v1.0.2/binary-logistic.json"

// folderWith has the model, and a manifest unless that is "".
func folderWith(t *testing.T, manifest string) string {
	t.Helper()
	data, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, data := range map[string]string{"model.json": string(data), weights.Manifest: manifest} {
		if data == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func onlyTrees(t *testing.T) *weights.Engines {
	t.Helper()
	engines, err := weights.NewEngines(trees.Engine())
	if err != nil {
		t.Fatal(err)
	}
	return engines
}

func TestDraft(t *testing.T) {
	b, err := weights.OpenFile(folderWith(t, ""), weights.Hints{Classes: []string{"honest", "fraud"}}, onlyTrees(t))
	if err != nil {
		t.Fatal(err)
	}
	loadsOnce(t, b)
	if got := b.Spec().First().Classes; len(got) != 2 || got[1] != "fraud" {
		t.Errorf("classes %q", got)
	}
	if got := b.Source(); got.Library != "xgboost" || got.Format != "JSON" {
		t.Errorf("source %+v", got)
	}
}

func TestDraftRefuses(t *testing.T) {
	for says, hints := range map[string]weights.Hints{
		"tells 2 classes apart; --classes names 3": {Classes: []string{"a", "b", "c"}},
		"has 6 features; --features says 7":        {Features: 7},
	} {
		_, err := weights.OpenFile(folderWith(t, ""), hints, onlyTrees(t))
		weightstest.WantError(t, err, "", says)
	}
}

const manifest = `{"name": "fraud", "version": "1", "features": 6, "input": {"missing": true},
 "outputs": [{"name": "prediction", "kind": "class", "width": 1, "classes": ["no", "yes"]}],
 "engines": {"trees": {"file": "model.json", "format": "xgboost"}}}`

func TestBuildRefuses(t *testing.T) {
	for name, test := range map[string]struct{ from, to, field, says string }{
		"features": {`"features": 6`, `"features": 7`, "features", "is 7; the file's model has 6"},
		"outputs":  {`"width": 1, "classes": ["no", "yes"]`, `"width": 2, "classes": ["no", "yes"]`, "outputs", "2 scores"},
		"kind":     {`"class", "width": 1, "classes": ["no", "yes"]`, `"values", "width": 1`, "outputs", `gives a "class"`},
		"mean":     {`"missing": true`, `"missing": true, "mean": [1]`, "input", "leave both out"},
		"format":   {`"xgboost"`, `"other"`, "engines.trees.format", "expected one of"},
		"library":  {`"xgboost"`, `"lightgbm"`, "", "tree"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := weights.Open(folderWith(t, strings.Replace(manifest, test.from, test.to, 1)), onlyTrees(t))
			if err == nil {
				_, err = b.Load("")
			}
			weightstest.WantError(t, err, test.field, test.says)
		})
	}
	b, err := weights.Open(folderWith(t, manifest), onlyTrees(t))
	if err != nil {
		t.Fatal(err)
	}
	loadsOnce(t, b)
}
