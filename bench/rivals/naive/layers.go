package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/gonum/mat"
)

type layer struct {
	weight *mat.Dense
	bias   *mat.VecDense
}

// readLayers reads the tensors 0.weight, 0.bias, 1.weight and so on from the
// bundle's safetensors file.
func readLayers(bundle string) ([]layer, error) {
	file, err := os.ReadFile(filepath.Join(bundle, "model.safetensors"))
	if err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint64(file)
	var tensors map[string]struct {
		Shape   []int `json:"shape"`
		Offsets []int `json:"data_offsets"`
	}
	if err := json.Unmarshal(file[8:8+size], &tensors); err != nil {
		return nil, err
	}
	data := file[8+size:]
	values := func(name string) []float64 {
		t := tensors[name]
		var out []float64
		for i := t.Offsets[0]; i < t.Offsets[1]; i += 4 {
			out = append(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(data[i:]))))
		}
		return out
	}
	var layers []layer
	for i := 0; ; i++ {
		weight := fmt.Sprintf("%d.weight", i)
		t, ok := tensors[weight]
		if !ok {
			return layers, nil
		}
		bias := values(fmt.Sprintf("%d.bias", i))
		layers = append(layers, layer{mat.NewDense(t.Shape[0], t.Shape[1], values(weight)), mat.NewVecDense(len(bias), bias)})
	}
}
