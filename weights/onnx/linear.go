package onnx

import (
	"penstock/model/dense"
	"penstock/model/prepare"
)

// linear makes a layer of coefficients [out][in].
func (l *lowering) linear(v *value, weight, bias []float32, out int) (*engine, error) {
	e, err := v.network()
	if err != nil {
		return nil, err
	}
	if out < 1 || len(weight)/out != e.width || len(weight)%out != 0 || len(bias) != 0 && len(bias) != out {
		return nil, cannot("has %d coefficients and %d intercepts for %d scores of %d numbers", len(weight), len(bias), out, e.width)
	}
	if err := l.spend(len(weight) + out); err != nil {
		return nil, err
	}
	return e.multiply(l, weight, bias, out)
}

// linearRegressor lowers nodes LinearRegressor.
func linearRegressor(l *lowering, n *Node, in []*value) (*value, error) {
	targets := int(min(n.Int("targets", 1), maxCells))
	e, err := l.linear(in[0], n.Floats("coefficients"), n.Floats("intercepts"), targets)
	if err != nil {
		return nil, err
	}
	post := n.Text("post_transform", "NONE")
	if targets == 1 && post != "PROBIT" {
		post = "NONE" // as ONNX Runtime has it
	}
	if e, err = e.transformed(l, post); err != nil {
		return nil, err
	}
	return of(Float, e), nil
}

// linearClassifier lowers nodes LinearClassifier. One row of coefficients for two
// classes is the second's.
func linearClassifier(l *lowering, n *Node, in []*value) (*value, error) {
	labels := labelsOf(n, "classlabels_ints", "classlabels_strings")
	post := n.Text("post_transform", "NONE")
	weight, bias := n.Floats("coefficients"), n.Floats("intercepts")
	if post == "LOGISTIC" && len(bias) == 2 && len(labels) == 2 && opposite(weight) && opposite(bias) {
		weight, bias = weight[len(weight)/2:], bias[1:] // the other is what it leaves of one
	}
	scores := len(bias)
	e, err := l.linear(in[0], weight, bias, scores)
	if err != nil {
		return nil, err
	}
	if len(labels) != scores && !(scores == 1 && len(labels) == 2) {
		return nil, cannot("has %d labels for %d scores", len(labels), scores)
	}
	if scores == 1 && len(labels) == 2 && post != "LOGISTIC" {
		return nil, cannot("has one score for two classes, which is no probability")
	}
	if e, err = e.transformed(l, post); err != nil {
		return nil, err
	}
	if scores == 1 && len(labels) == 2 {
		e.width, e.finish, e.parts = 2, prepare.Complement, true
	}
	e.labels = labels
	return of(Float, e), nil
}

// opposite tells whether the first half of some numbers are those of the second with
// the other sign, as for one of two classes and the other.
func opposite(values []float32) bool {
	half := len(values) / 2
	if len(values)%2 != 0 {
		return false
	}
	for i, x := range values[:half] {
		if x != -values[half+i] {
			return false
		}
	}
	return true
}

// transformed is a network with a post_transform.
func (e *engine) transformed(l *lowering, post string) (*engine, error) {
	switch post {
	case "NONE":
		return e, nil
	case "LOGISTIC":
		return e.with(l, dense.Sigmoid)
	case "SOFTMAX":
		return e.with(l, dense.Softmax)
	}
	return nil, cannot("has the post_transform %q; expected NONE, LOGISTIC or SOFTMAX", post)
}
