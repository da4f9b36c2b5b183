package onnx_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"penstock/model"
	"penstock/weights/onnx"
	"penstock/weights/weightstest"
)

// lowered reads a file, lowers it and builds its model, if that is possible.
func lowered(data []byte) {
	g, err := onnx.Read(data)
	if err != nil {
		return
	}
	l, err := g.Lower()
	if err != nil {
		return
	}
	spec := model.Spec{Name: "m", Features: l.Features, Outputs: l.Outputs, Columns: l.Columns, Missing: l.Missing}
	m, err := l.Model(spec, 1, false)
	if err != nil {
		return
	}
	defer m.Close()
	s, err := m.NewSession(1)
	if err != nil {
		return
	}
	defer s.Close()
	_ = s.Predict(make([]float32, spec.Width()), make([]float32, spec.Features), 1)
}

func FuzzLower(f *testing.F) {
	for _, seed := range [][]byte{network(), tree(), categories()} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, data []byte) { lowered(data) })
}

// TestMutatedFiles: no file makes the reader panic. PENSTOCK_MUTANTS says how many of
// each are tried.
func TestMutatedFiles(t *testing.T) {
	folder := t.TempDir()
	script, err := os.ReadFile("testdata/make.py")
	if err != nil {
		t.Fatal(err)
	}
	weightstest.Python(t, folder, string(script))
	files, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for range weightstest.Mutants(5) {
			lowered(weightstest.Mutate(data, random))
		}
	}
}
