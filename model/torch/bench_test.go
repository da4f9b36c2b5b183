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
	"penstock/weights/engines"
	"penstock/weights/engines/dense"
	"penstock/weights/engines/torchscript"
)

var batchSizes = []int{1, 8, 32, 64, 256}

// Both engines on the digits bundle, and the convolutional network: with real
// digits, of whose pixels four fifths are zero, which the engine dense makes use
// of, and with rows that have no zeros.
func BenchmarkEngines(b *testing.B) {
	heldOut, err := weights.HeldOut()
	if err != nil {
		b.Fatal(err)
	}
	inputs := map[string][]float32{"digits": make([]float32, len(heldOut.Pixels)), "noise": make([]float32, len(heldOut.Pixels))}
	for i, pixel := range heldOut.Pixels {
		inputs["digits"][i] = float32(pixel) / 255
		inputs["noise"][i] = float32(i%251+1) / 251
	}
	for _, c := range []struct{ folder, engine string }{
		{"digits", dense.Name}, {"digits", torchscript.Name}, {"digits-cnn", torchscript.Name},
	} {
		bundle, err := weights.Open("../../weights/"+c.folder, engines.All(engines.Options{}))
		if err != nil {
			b.Fatal(err)
		}
		m, err := bundle.LoadAt(c.engine, weights.Place{Workers: 2, MaxBatch: 256})
		if err != nil {
			b.Fatal(err)
		}
		for _, rows := range batchSizes {
			for _, input := range []string{"digits", "noise"} {
				b.Run(fmt.Sprintf("%s/%s/input=%s/rows=%d", c.folder, c.engine, input, rows), func(b *testing.B) { predict(b, m, rows, inputs[input]) })
			}
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
			Name: "first", Version: "1", Features: 784, Outputs: model.OneOf("a", "b", "c"), Input: input,
		}
		m, err := torch.Load(file, spec, torch.Options{Output: torch.Logits, MaxRows: 256})
		if err != nil {
			b.Fatal(err)
		}
		for _, rows := range batchSizes {
			b.Run(fmt.Sprintf("%s/rows=%d", name, rows), func(b *testing.B) { predict(b, m, rows, make([]float32, rows*784)) })
		}
		m.Close()
	}
}

// predict takes batches from inputs, one after the other.
func predict(b *testing.B, m model.Model, rows int, inputs []float32) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s, err := m.NewSession(rows)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	scores, batch, first := make([]float32, rows*m.Spec().Width()), rows*m.Spec().Features, 0
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Predict(scores, inputs[first:first+batch], rows); err != nil {
			b.Fatal(err)
		}
		if first += batch; first+batch > len(inputs) {
			first = 0
		}
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
}
