package trees

import (
	"fmt"
	"math"

	"penstock/model"
)

// Model is a compiled forest, ready to be shared by workers. It implements
// model.Model.
//
// A row's scores are the same bits whatever batch it is in, and whatever the
// kernel: kernels only find leaves, and leaves are added in one order.
type Model struct {
	spec        model.Spec
	temperature float64
	kernel      string
	layout      layout
	sums        sums
	link        Link
}

// New compiles a forest, of which it keeps nothing; it keeps the spec's slices. The
// spec has the forest's number of features, and a score for each sum. Logits of a
// sigmoid and of a softmax are divided by temperature first; without these it is 1.
//
// Rows may hold NaN, which goes where each node sends it.
//
// Errors are a *model.SpecError for the spec and the temperature, and a
// *ForestError for the forest.
func New(spec model.Spec, f *Forest, temperature float64) (*Model, error) {
	return build(spec, f, temperature, kernels())
}

// build uses the first of some kernels that can run the forest.
func build(spec model.Spec, f *Forest, temperature float64, candidates []kernel) (*Model, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if err := f.check(spec); err != nil {
		return nil, err
	}
	if err := checkTemperature(spec, f.Link, temperature); err != nil {
		return nil, err
	}
	if spec.Input.Normalised() || len(spec.Shift) != 0 {
		return nil, &model.SpecError{Model: spec.Name, Field: "input.mean",
			Problem: "or input.std is given; trees compare features as they are: leave both out, and send what the model was trained on"}
	}
	m := &Model{spec: spec, temperature: temperature, link: f.Link}
	m.spec.Engine = "trees"
	for _, k := range candidates {
		if l, slots := k.compile(f); l != nil {
			m.kernel, m.layout, m.sums = k.name, l, newSums(f, slots)
			return m, nil
		}
	}
	return nil, &ForestError{Model: spec.Name, Tree: -1, Node: -1, Problem: "no kernel can run it"}
}

func checkTemperature(spec model.Spec, l Link, temperature float64) error {
	var problem string
	switch {
	case math.IsNaN(temperature) || math.IsInf(temperature, 0) || temperature <= 0:
		problem = "expected a finite number above zero"
	case temperature != 1 && l.Kind != LinkSigmoid && l.Kind != LinkSoftmax:
		problem = "only the logits of a sigmoid or a softmax can be calibrated, and this forest has neither; expected 1"
	default:
		return nil
	}
	return &model.SpecError{Model: spec.Name, Field: "calibration.temperature",
		Problem: fmt.Sprintf("is %v; %s", temperature, problem)}
}

// Spec describes the model; its Engine is "trees".
func (m *Model) Spec() model.Spec { return m.spec }

// Kernel names the code that walks the trees.
func (m *Model) Kernel() string { return m.kernel }

// Pinned is false: a session may move between threads.
func (m *Model) Pinned() bool { return false }

// Close has nothing to free: the trees are ordinary memory.
func (m *Model) Close() error { return nil }
