//go:build linux

package python_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/engines"
	"penstock/weights/weightstest"
)

// halves is a program that says what it is, and reads a file beside it if there is one.
const halves = `
import os
FEATURES = 2
CLASSES = ["low", "high"]

def load(folder):
    name = os.path.join(folder, "weights", "factor.txt")
    return float(open(name).read()) if os.path.exists(name) else 0.5

def predict(factor, rows):
    high = (rows[:, 0] > 0) * factor
    return [[1 - h, h] for h in high]
`

// folderOf makes a folder of files, and returns their hashes.
func folderOf(t *testing.T, files map[string]string) (folder string, hashes map[string]string) {
	t.Helper()
	folder, hashes = t.TempDir(), make(map[string]string)
	for name, text := range files {
		hashes[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder, hashes
}

func known(t *testing.T) *weights.Engines {
	t.Helper()
	return engines.All(engines.Options{Python: weightstest.Interpreter(t)})
}

// packed drafts a manifest for a path, packs what it belongs to, and returns the names
// of the bundle's files and the second score of the row 1, 0.
func packed(t *testing.T, path string) (files []string, score float32) {
	t.Helper()
	b, err := weights.OpenFile(path, weights.Hints{Name: "m"}, known(t))
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if s := m.Spec(); s.Features != 2 || !slices.Equal(s.First().Classes, []string{"low", "high"}) {
		t.Errorf("the draft is %+v", s)
	}
	out := filepath.Join(t.TempDir(), "bundle")
	if err := b.Pack(out, m, weights.Packing{}); err != nil {
		t.Fatal(err)
	}
	again, err := weights.Open(out, known(t))
	if err != nil {
		t.Fatal(err)
	}
	of, err := again.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer of.Close()
	err = fs.WalkDir(os.DirFS(out), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, second(t, of)
}

// second is the second score of the row 1, 0.
func second(t *testing.T, m model.Model) float32 {
	t.Helper()
	s, err := m.NewSession(1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scores := make([]float32, 2)
	if err := s.Predict(scores, []float32{1, 0}, 1); err != nil {
		t.Fatal(err)
	}
	return scores[1]
}

// Of a program, the files beside it are other people's; a folder is the model as a
// whole, without what is hidden or a cache.
func TestDraft(t *testing.T) {
	alone, _ := folderOf(t, map[string]string{"model.py": halves, "notes.md": "of something else"})
	folder, _ := folderOf(t, map[string]string{
		"model.py": halves, "weights/factor.txt": "0.25", "notes.md": "of it",
		".env": "a secret", ".git/config": "a remote", "weights/.draft": "0.1", "__pycache__/model.pyc": "compiled", "weights/__pycache__/a.pyc": "compiled",
	})
	bundle := []string{"golden.json", weights.Manifest, "model.py"}
	files, score := packed(t, filepath.Join(alone, "model.py"))
	if !slices.Equal(files, bundle) || score != 0.5 {
		t.Errorf("of the file, the bundle has %q and a score of %v; expected %q and 0.5", files, score, bundle)
	}
	bundle = append(bundle, "notes.md", "weights/factor.txt")
	files, score = packed(t, folder)
	if !slices.Equal(files, bundle) || score != 0.25 {
		t.Errorf("of the folder, the bundle has %q and a score of %v; expected %q and 0.25", files, score, bundle)
	}
}

func TestDraftRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		hints  weights.Hints
		says   string
	}{
		"no width":       {"def predict(_, rows): return rows", weights.Hints{}, "does not say how many numbers a row has"},
		"two widths":     {halves, weights.Hints{Features: 3}, "has 2 features; --features says 3"},
		"classes twice":  {"OUTPUTS = [{'name': 'y', 'kind': 'values', 'width': 1}]\n" + halves, weights.Hints{Classes: []string{"a", "b"}}, "leave --classes out"},
		"no predict":     {"FEATURES = 2", weights.Hints{}, "it has no function predict(model, rows)"},
		"a syntax error": {"def predict(", weights.Hints{}, "SyntaxError"},
		"wrong columns":  {"COLUMNS = [{'name': 1}]\n" + halves, weights.Hints{}, "name"},
	} {
		folder, _ := folderOf(t, map[string]string{"model.py": c.source})
		_, err := weights.OpenFile(filepath.Join(folder, "model.py"), c.hints, known(t))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; expected %q", name, err, c.says)
		}
	}
}

// open opens a bundle of the program and factor.txt, with changes to its manifest.
func open(t *testing.T, entry map[string]any, change func(manifest map[string]any)) (folder string, b *weights.Bundle, err error) {
	t.Helper()
	folder, hashes := folderOf(t, map[string]string{"model.py": halves, "weights/factor.txt": "0.25"})
	engine := map[string]any{"file": "model.py", "files": []string{"weights/factor.txt"}}
	maps.Copy(engine, entry)
	manifest := map[string]any{
		"name": "m", "version": "1", "features": 2, "sha256": hashes,
		"outputs": []any{map[string]any{"name": "y", "kind": "class", "width": 2, "classes": []string{"low", "high"}}},
		"engines": map[string]any{"python": engine},
	}
	if change != nil {
		change(manifest)
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, weights.Manifest), data, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err = weights.Open(folder, known(t))
	return folder, b, err
}

func TestManifestRefused(t *testing.T) {
	unhashed := func(name string) func(map[string]any) {
		return func(m map[string]any) { delete(m["sha256"].(map[string]string), name) }
	}
	for name, c := range map[string]struct {
		entry  map[string]any
		change func(map[string]any)
		says   string
	}{
		"no hash of the program": {nil, unhashed("model.py"), "model.py"},
		"no hash of a file":      {nil, unhashed("weights/factor.txt"), "weights/factor.txt"},
		"rows":                   {map[string]any{"rows": "frame"}, nil, `is "frame"; expected "matrix" or "columns"`},
		"rows without names":     {map[string]any{"rows": "columns"}, nil, "the model's columns have no names"},
		"memory":                 {map[string]any{"memory_limit": 4}, nil, "memory_limit: is 4; expected at least 1048576 bytes"},
		"no time":                {map[string]any{"hang_seconds": 0}, nil, "hang_seconds: is 0; expected more than 0 and at most 8"},
		"much time":              {map[string]any{"hang_seconds": 9}, nil, "hang_seconds: is 9"},
		"normalised":             {nil, func(m map[string]any) { m["input"] = map[string]any{"mean": []float64{1, 1}} }, "leave input.mean and input.std out"},
	} {
		if _, _, err := open(t, c.entry, c.change); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; expected %q", name, err, c.says)
		}
	}
}

func TestAlteredFiles(t *testing.T) {
	for _, name := range []string{"model.py", "weights/factor.txt"} {
		folder, b, err := open(t, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, err := b.Load("")
		if err != nil {
			t.Fatal(err)
		}
		if got := second(t, m); got != 0.25 {
			t.Errorf("the score is %v; expected 0.25", got)
		}
		m.Close()
		if err := os.WriteFile(filepath.Join(folder, name), []byte("0.26"), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err = b.Load("")
		if err == nil {
			m.Close()
		}
		weightstest.WantError(t, err, "", name)
	}
}
