package dense

import (
	"math"
	"testing"

	"penstock/model"
)

// What PyTorch 1.13's functions of the same names answer, in float32.
func TestActivationsArePyTorchs(t *testing.T) {
	in := []float32{-100, -3, -1, -0.5, 0, 0.5, 1, 3, 30}
	cases := map[Activation][]float32{
		Identity:  in,
		ReLU:      {0, 0, 0, 0, 0, 0.5, 1, 3, 30},
		LeakyReLU: {-1, -0.03, -0.01, -0.005, 0, 0.5, 1, 3, 30},
		ELU:       {-1, -0.95021296, -0.63212055, -0.39346933, 0, 0.5, 1, 3, 30},
		GELU:      {0, -0.0040498674, -0.15865529, -0.15426879, 0, 0.3457312, 0.84134471, 2.9959502, 30},
		SiLU:      {0, -0.14227761, -0.26894143, -0.18877034, 0, 0.31122968, 0.7310586, 2.8577225, 30},
		Tanh:      {-1, -0.99505478, -0.76159418, -0.46211717, 0, 0.46211717, 0.76159418, 0.99505478, 1},
		Sigmoid:   {0, 0.047425874, 0.26894143, 0.37754068, 0.5, 0.62245935, 0.7310586, 0.95257413, 1},
		Softplus:  {0, 0.048587352, 0.31326169, 0.47407699, 0.69314718, 0.97407699, 1.3132616, 3.0485873, 30},
	}
	for _, a := range Activations() {
		want, ok := cases[a]
		if !ok && a != Softmax {
			t.Errorf("%s has no case", a)
			continue
		}
		t.Run(string(a), func(t *testing.T) {
			got := append([]float32(nil), in...)
			a.apply(got)
			for i := range want {
				if math.Abs(float64(got[i]-want[i])) > 1e-6 {
					t.Errorf("%s(%v) = %v; want %v", a, in[i], got[i], want[i])
				}
			}
		})
	}
}

// Nothing finite becomes infinite or NaN, and what is NaN stays so.
func TestActivationsAtTheEdges(t *testing.T) {
	for _, a := range Activations() {
		values := []float32{-math.MaxFloat32, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.NaN())}
		a.apply(values)
		if !model.Finite(values[:3]) {
			t.Errorf("%s: finite values became %v", a, values[:3])
		}
		if !math.IsNaN(float64(values[3])) {
			t.Errorf("%s(NaN) = %v", a, values[3])
		}
	}
}
