//go:build torch && linux && cgo

package torch_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"penstock/model"
	"penstock/model/torch"
	"penstock/weights"
)

var batchSizes = []int{1, 8, 32, 64, 256}

// Both engines on the digits bundle, and the convolutional network.
func BenchmarkEngines(b *testing.B) {
	for _, c := range []struct{ folder, engine string }{
		{"digits", weights.Dense}, {"digits", weights.TorchScript}, {"digits-cnn", weights.TorchScript},
	} {
		bundle, err := weights.Open("../../weights/" + c.folder)
		if err != nil {
			b.Fatal(err)
		}
		m, err := bundle.LoadAt(c.engine, weights.Place{Workers: 2, MaxBatch: 256})
		if err != nil {
			b.Fatal(err)
		}
		for _, rows := range batchSizes {
			b.Run(fmt.Sprintf("%s/%s/rows=%d", c.folder, c.engine, rows), func(b *testing.B) { predict(b, m, rows) })
		}
		m.Close()
	}
}

// What a batch costs beside the module's own work: the module returns three
// features of each row. The rows are those of the digits, as they are and
// normalised, which is part of it, and so is libtorch's interpreter.
func BenchmarkCrossing(b *testing.B) {
	file, err := os.ReadFile("testdata/first.pt")
	if err != nil {
		b.Fatal(err)
	}
	for name, input := range map[string]model.Input{
		"as it is":   {},
		"normalised": {Mean: []float64{0.1307}, Std: []float64{0.3081}},
	} {
		spec := model.Spec{
			Name: "first", Version: "1", Task: model.Classification, Features: 784, Classes: []string{"a", "b", "c"}, Input: input,
		}
		m, err := torch.Load(file, spec, torch.Options{Output: torch.Logits, MaxRows: 256})
		if err != nil {
			b.Fatal(err)
		}
		for _, rows := range batchSizes {
			b.Run(fmt.Sprintf("%s/rows=%d", name, rows), func(b *testing.B) { predict(b, m, rows) })
		}
		m.Close()
	}
}

func predict(b *testing.B, m model.Model, rows int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s, err := m.NewSession(rows)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	features, scores := make([]float32, rows*m.Spec().Features), make([]float32, rows*m.Spec().Outputs())
	for i := 0; i < len(features); i += 5 { // a fifth is not zero, as in a drawing
		features[i] = float32(i%251) / 250
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Predict(scores, features, rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
}
