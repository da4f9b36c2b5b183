package dense

import (
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"penstock/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// classifier describes a model of the given shape.
func classifier(features, classes int) model.Spec {
	names := make([]string, classes)
	for i := range names {
		names[i] = string(rune('a' + i))
	}
	return model.Spec{Name: "test", Version: "1", Features: features, Outputs: model.OneOf(names...)}
}

// randomLayers makes layers of the given widths with weights of a trained
// network's size; the last layer has the last activation.
func randomLayers(seed uint64, widths []int, hidden, last Activation) []Layer {
	random := rand.New(rand.NewPCG(seed, 1))
	values := func(n, in int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(random.NormFloat64() / float64(in))
		}
		return v
	}
	var layers []Layer
	for i, in := range widths[:len(widths)-1] {
		out := widths[i+1]
		layers = append(layers, Layer{values(in*out, in), values(out, 1), in, out, hidden})
	}
	layers[len(layers)-1].Activation = last
	return layers
}

func predict(t interface{ Fatal(...any) }, m model.Model, rows []float32) []float32 {
	n := len(rows) / m.Spec().Features
	s, err := m.NewSession(n)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scores := make([]float32, n*m.Spec().Width())
	if err := s.Predict(scores, rows, n); err != nil {
		t.Fatal(err)
	}
	return scores
}
