package onnx_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights/onnx"
	"penstock/weights/weightstest"
)

// compared is what the script writes of each model.
type compared struct {
	Name string
	Rows int
}

// TestScoresAreONNXRuntimes lowers what the exporters write, and compares the scores
// of rows, some with missing values, to those of ONNX Runtime.
func TestScoresAreONNXRuntimes(t *testing.T) {
	folder := t.TempDir()
	script, err := os.ReadFile("testdata/make.py")
	if err != nil {
		t.Fatal(err)
	}
	var all []compared
	if err := json.Unmarshal(weightstest.Python(t, folder, string(script)), &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(folder, c.Name+".onnx"))
			if err != nil {
				t.Fatal(err)
			}
			g, err := onnx.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			l, err := g.Lower()
			if err != nil {
				t.Fatal(err)
			}
			spec := model.Spec{Name: c.Name, Features: l.Features, Outputs: l.Outputs, Columns: l.Columns, Missing: l.Missing}
			m, err := l.Model(spec, 1, false)
			if err != nil {
				t.Fatal(err)
			}
			s, err := m.NewSession(c.Rows)
			if err != nil {
				t.Fatal(err)
			}
			rows, want := floats(t, filepath.Join(folder, c.Name+".rows")), floats(t, filepath.Join(folder, c.Name+".scores"))
			got := make([]float32, c.Rows*spec.Width())
			if len(want) != len(got) || len(rows) != c.Rows*spec.Features {
				t.Fatalf("%d features and %d scores for %d rows; lowered to %d and %d", len(rows), len(want), c.Rows, spec.Features, spec.Width())
			}
			if err := s.Predict(got, rows, c.Rows); err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i := range got {
				off := math.Abs(float64(got[i])-float64(want[i])) / max(1, math.Abs(float64(want[i])))
				if worst = max(worst, off); off > 2e-6 || got[i] != got[i] {
					t.Fatalf("row %d: score %v; ONNX Runtime's is %v", i/spec.Width(), got[i], want[i])
				}
			}
			t.Logf("%s: off by %.2g at most", m.Spec().Engine, worst)
			testLogits(t, l, spec, rows, want)
		})
	}
}

// testLogits takes a graph's numbers for the logits of classes. A graph that ends in
// something else is refused, and none is served as if its numbers were probabilities.
func testLogits(t *testing.T, l *onnx.Lowered, spec model.Spec, rows, numbers []float32) {
	t.Helper()
	values := spec.First().Kind == model.Values
	width, classes := spec.Width(), []string{"a", "b", "c"}
	spec.Outputs = []model.Output{{Name: model.PredictionName, Kind: model.Class, Width: width, Classes: classes[:max(width, 2)]}}
	m, err := l.Model(spec, 1, true)
	if !values || l.Forest != nil && l.Forest.Link.Kind != trees.LinkNone {
		if _, refused := errors.AsType[*onnx.CannotLower](err); !refused {
			t.Errorf("probabilities as logits: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	n := len(rows) / spec.Features
	s, err := m.NewSession(n)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := make([]float32, len(numbers))
	if err := s.Predict(got, rows, n); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(got); i += width {
		want := slices.Clone(numbers[i:][:width])
		spec.Link(want, 1)
		for j := range want {
			if off := math.Abs(float64(got[i+j]) - float64(want[j])); !(off <= 2e-5) {
				t.Fatalf("row %d: score %v of a logit %v; expected %v", i/width, got[i+j], numbers[i+j], want[j])
			}
		}
	}
}

func floats(t *testing.T, name string) []float32 {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]float32, len(data)/4)
	for i := range all {
		all[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[i*4:]))
	}
	return all
}
