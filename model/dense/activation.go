package dense

import "math"

// Activation is the function that follows a layer. The names are those of a
// bundle's manifest; definitions and constants are PyTorch's defaults.
type Activation string

// The activations. Softmax is allowed only after the last layer of a network
// whose one output is a class, and is what makes probabilities of it.
const (
	Identity  Activation = "identity"
	ReLU      Activation = "relu"
	LeakyReLU Activation = "leaky_relu" // slope 0.01 below zero
	ELU       Activation = "elu"        // alpha 1
	GELU      Activation = "gelu"       // exact, by erf: Hendrycks & Gimpel 2016, section 2
	SiLU      Activation = "silu"
	Tanh      Activation = "tanh"
	Sigmoid   Activation = "sigmoid"
	Softplus  Activation = "softplus" // beta 1
	Softmax   Activation = "softmax"
)

// Linked is for the last layer: its values are logits, and every output gets its
// own link, model.Spec.Link. It is none of Activations, which manifests may name.
const Linked Activation = "linked"

// Activations returns every activation that a layer may name.
func Activations() []Activation {
	return []Activation{Identity, ReLU, LeakyReLU, ELU, GELU, SiLU, Tanh, Sigmoid, Softplus, Softmax}
}

// apply replaces every value by the activation of it. Softmax and Linked are not
// elementwise and are the session's to apply. NaN stays NaN, so that a model
// that fails is seen to fail.
func (a Activation) apply(values []float32) {
	switch a {
	case Identity, Softmax, Linked:
	case ReLU:
		for i, x := range values {
			values[i] = max(x, 0)
		}
	case LeakyReLU:
		for i, x := range values {
			values[i] = max(x, 0.01*x)
		}
	case ELU:
		each(values, elu)
	case GELU:
		each(values, gelu)
	case SiLU:
		each(values, silu)
	case Tanh:
		each(values, math.Tanh)
	case Sigmoid:
		each(values, sigmoid)
	case Softplus:
		each(values, softplus)
	}
}

// each computes in float64 and rounds once.
func each(values []float32, f func(float64) float64) {
	for i, x := range values {
		values[i] = float32(f(float64(x)))
	}
}

func elu(x float64) float64 {
	if x > 0 {
		return x
	}
	return math.Expm1(x)
}

func gelu(x float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) }

func silu(x float64) float64 { return x * sigmoid(x) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus is log(1 + eˣ), written so that no x overflows.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
