package onnx_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"penstock/model"
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
		})
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
