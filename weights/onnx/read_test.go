package onnx_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"penstock/model"
	"penstock/weights/onnx"
)

func TestLower(t *testing.T) {
	missing := float32(math.NaN())
	for _, c := range []struct {
		name      string
		file      []byte
		row, want []float32
	}{
		{"network", network(), []float32{1, 0, 0}, []float32{0.880797, 0.119203}},
		{"tree, to the left", tree(), []float32{9, 0.5}, []float32{0.25}},
		{"tree, to the right", tree(), []float32{0, 0.6}, []float32{0.75}},
		{"categories", categories(), []float32{1, 3}, []float32{123}},
		{"a missing value", categories(), []float32{0, missing}, []float32{115}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := onnx.Read(c.file)
			if err != nil {
				t.Fatal(err)
			}
			l, err := g.Lower()
			if err != nil {
				t.Fatal(err)
			}
			m, err := l.Model(model.Spec{Name: "m", Features: l.Features, Outputs: l.Outputs, Columns: l.Columns, Missing: l.Missing}, 1, false)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			s, err := m.NewSession(1)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			got := make([]float32, m.Spec().Width())
			if err := s.Predict(got, c.row, 1); err != nil {
				t.Fatal(err)
			}
			for i, want := range c.want {
				if !(math.Abs(float64(got[i]-want)) <= 1e-6) {
					t.Errorf("scores are %v; expected %v", got, c.want)
				}
			}
		})
	}
}

// What keeps a file from being lowered is told by the node and by what is wrong.
func TestCannotLower(t *testing.T) {
	x, y := input("x", 1, 0, 2), output("y", 0, 1)
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"an operator":    {file(node("", "Conv", []string{"x"}, []string{"y"}), x, y), `node "y", Conv, is no part of a network`},
		"nothing before": {file(node("", "Relu", []string{"z"}, []string{"y"}), x, y), `takes "z", which nothing before it makes`},
		"no network":     {file(node("", "Identity", []string{"x"}, []string{"y"}), x, y), `the output "y" comes from no network`},
		"two outputs":    {file(node("", "Relu", []string{"x"}, []string{"y"}), x, y, output("w", 0, 1)), "the graph has 2 outputs of numbers"},
		"a dynamic size": {file(node("", "Relu", []string{"x"}, []string{"y"}), input("x", 1, 0, 0), y), "only the first dimension, the batch, may be dynamic"},
		"a huge row":     {file(node("", "Relu", []string{"x"}, []string{"y"}), input("x", 1, 0, 1<<40), y), "more than 1048576 numbers a row"},
		"strings":        {file(node("", "Relu", []string{"x"}, []string{"y"}), input("x", 8, 0, 1), y), "is given string"},
	} {
		g, err := onnx.Read(c.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, err = g.Lower()
		if _, ok := errors.AsType[*onnx.CannotLower](err); !ok || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; expected %q", name, err, c.says)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"nothing":          {nil, "is no ONNX model"},
		"something else":   {[]byte("solar power"), "is no ONNX model"},
		"cut off":          {network()[:40], "is no ONNX model, or a damaged one"},
		"no outputs":       {file(input("x", 1, 0, 1)), "has a graph without outputs"},
		"sparse":           {file(part(15), output("y", 0, 1)), "has sparse initialisers"},
		"no operator":      {file(node("", "", nil, nil), output("y", 0, 1)), "has a node without an operator"},
		"many dimensions":  {file(input("x", 1, make([]int64, 100)...), output("y", 0, 1)), "dimensions"},
		"only an envelope": {file(), "has a graph without outputs"},
	} {
		if _, err := onnx.Read(c.file); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; expected %q", name, err, c.says)
		}
	}
}
