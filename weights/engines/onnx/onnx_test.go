package onnx_test

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"penstock/weights"
	"penstock/weights/engines/onnx"
	"penstock/weights/weightstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const script = `
import numpy as np, onnx
from onnx import TensorProto as T, helper as h, numpy_helper
w = numpy_helper.from_array(np.array([[1, -1], [2, 0.5], [0, 3]], np.float32), "w")
g = h.make_graph([h.make_node("MatMul", ["x", "w"], ["z"]), h.make_node("Softmax", ["z"], ["y"], axis=1)], "g",
    [h.make_tensor_value_info("x", T.FLOAT, ["N", 3])], [h.make_tensor_value_info("y", T.FLOAT, ["N", 2])], [w])
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "net.onnx")
`

func engine(t *testing.T, name string) *weights.Engines {
	t.Helper()
	all, err := weights.NewEngines(onnx.Engine(onnx.Options{Library: filepath.Dir(filepath.Dir(name))}))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFileIsServed(t *testing.T) {
	python := weightstest.Interpreter(t)
	folder := t.TempDir()
	weightstest.Python(t, folder, script)
	file := filepath.Join(folder, "net.onnx")
	b, err := weights.OpenFile(file, weights.Hints{Features: 3, Classes: []string{"a", "b"}}, engine(t, python))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := b.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	s, err := loaded.NewSession(2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scores := make([]float32, 4)
	if err := s.Predict(scores, []float32{1, 0, 0, 0, 0, 1}, 2); err != nil {
		t.Fatal(err)
	}
	if scores[0] < 0.88 || scores[0] > 0.881 || scores[3] < 0.952 || scores[3] > 0.953 {
		t.Errorf("scores are %v; expected 0.8808 and 0.9526 for the larger", scores)
	}
}

func TestFileThatIsNoModel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "net.onnx")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := weights.OpenFile(file, weights.Hints{}, engine(t, "/a/b/c")); err == nil {
		t.Error("a file of one byte was opened")
	}
}

const convolution = `
import numpy as np, onnx
from onnx import TensorProto as T, helper as h, numpy_helper
w = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "w")
g = h.make_graph([h.make_node("Conv", ["x", "w"], ["z"]), h.make_node("GlobalMaxPool", ["z"], ["p"]), h.make_node("Flatten", ["p"], ["y"])], "g",
    [h.make_tensor_value_info("x", T.FLOAT, ["N", 1, 4, 4])], [h.make_tensor_value_info("y", T.FLOAT, ["N", 2])], [w])
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "net.onnx")
`

func TestConvolutionIsRunByTheLibrary(t *testing.T) {
	python := weightstest.Interpreter(t)
	folder := t.TempDir()
	weightstest.Python(t, folder, convolution)
	file := filepath.Join(folder, "net.onnx")
	b, err := weights.OpenFile(file, weights.Hints{}, engine(t, python))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := b.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	s, err := loaded.NewSession(1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	row, scores := make([]float32, 16), make([]float32, 2)
	row[5] = 2
	if err := s.Predict(scores, row, 1); err != nil || scores[0] != 2 || scores[1] != 2 {
		t.Errorf("scores are %v, error %v; expected 2 and 2", scores, err)
	}
	b, err = weights.OpenFile(file, weights.Hints{}, engine(t, "/a/b/c"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Load("")
	weightstest.WantError(t, err, "", "ONNX Runtime")
}

const external = convolution + `
m = onnx.load("net.onnx")
import os
os.mkdir("beside")
onnx.save(m, "beside/net.onnx", save_as_external_data=True, location="net.bin", size_threshold=0)
`

// Weights that a model keeps outside of its file belong to its draft, and to the bundle
// that is packed of it.
func TestExternalWeightsArePacked(t *testing.T) {
	python := weightstest.Interpreter(t)
	folder := t.TempDir()
	weightstest.Python(t, folder, external)
	out := filepath.Join(folder, "bundle")
	b, err := weights.OpenFile(filepath.Join(folder, "beside", "net.onnx"), weights.Hints{}, engine(t, python))
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := b.Pack(out, m, weights.Packing{}); err != nil {
		t.Fatal(err)
	}
	packed, err := weights.Open(out, engine(t, python))
	if err != nil {
		t.Fatal(err)
	}
	if err := packed.Check(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(out, "net.bin"), make([]byte, 72), 0o600); err != nil {
		t.Fatal(err)
	}
	weightstest.WantError(t, packed.Check(), "", "net.bin: has SHA-256")
}
