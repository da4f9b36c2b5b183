package dense

import (
	"math"

	"penstock/model"
)

// Rounding returns about how far each score of a row may be from the exact one,
// for no other reason than that a Network computes in float32. Layers are those
// that New takes, and were accepted by it.
//
// It follows one row in float64 with an error beside each value. Errors of many
// terms partly cancel, so they add up as random ones do; where all terms are
// alike they do not cancel, and the error may be some times larger.
func Rounding(spec model.Spec, layers []Layer, temperature float64, row []float32) []float64 {
	values, errors := make([]float64, len(row)), make([]float64, len(row))
	for i, x := range row {
		mean, std := spec.Rest(i)
		values[i] = (float64(x) - mean) / std
		errors[i] = unit * (math.Abs(values[i]) + math.Abs(mean/std))
	}
	for i, l := range layers {
		if i == len(layers)-1 {
			l.Activation = l.end(spec, temperature)
		}
		values, errors = l.follow(values, errors)
		if i == len(layers)-1 && l.Activation != Softmax && l.Activation != Linked {
			return errors
		}
	}
	first := 0
	for _, o := range spec.Outputs {
		link(o, values[first:first+o.Width], errors[first:first+o.Width], temperature)
		first += o.Width
	}
	return errors
}

const (
	unit = 0x1p-24 // by this part of it a float32 may be off
	// steepest is more than the slope of any activation.
	steepest = 1.13
)

// link takes the errors of one output's logits through its link.
func link(o model.Output, values, errors []float64, temperature float64) {
	switch {
	case o.Kind == model.Class && o.Width > 1:
		scores, worst := make([]float32, len(values)), 0.0
		for i, x := range values {
			scores[i], worst = float32(x), max(worst, errors[i])
		}
		model.Softmax(scores, temperature)
		for i, p := range scores {
			errors[i] = float64(p) * (min(1, 2*worst/temperature) + 4*unit)
		}
	case o.Kind == model.Class || o.Kind == model.Labels:
		if o.Kind == model.Labels {
			temperature = 1
		}
		for i, x := range values { // a sigmoid is at most so steep
			errors[i] = min(1, errors[i]/temperature/4) + unit*sigmoid(x/temperature)
		}
	}
}

// follow takes values and their errors through a layer, without its link.
func (l Layer) follow(values, errors []float64) (out, off []float64) {
	out, off = make([]float64, l.Out), make([]float64, l.Out)
	one := make([]float32, 1)
	for o := range l.Out {
		sum := 0.0
		if len(l.Bias) > 0 {
			sum = float64(l.Bias[o])
		}
		size, carried := math.Abs(sum), 0.0
		for i, w := range l.Weight[o*l.In:][:l.In] {
			term := float64(w) * values[i]
			sum, size = sum+term, size+math.Abs(term)
			carried += float64(w) * float64(w) * errors[i] * errors[i]
		}
		own := unit * size * (math.Sqrt(float64(l.In))/2 + 2)
		one[0] = float32(sum)
		l.Activation.apply(one)
		out[o] = float64(one[0])
		if l.Activation == Identity || l.Activation == Softmax || l.Activation == Linked {
			out[o] = sum
		}
		off[o] = steepest*math.Sqrt(carried+own*own) + unit*math.Abs(out[o])
	}
	return out, off
}
