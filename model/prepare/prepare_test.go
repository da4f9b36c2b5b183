package prepare_test

import (
	"testing"

	"penstock/model"
	"penstock/model/dense"
	"penstock/model/modeltest"
	"penstock/model/prepare"
)

// prepared is a network behind a step of each sort.
func prepared(t testing.TB) model.Model {
	t.Helper()
	behind := model.Spec{Name: "m", Features: 4, Outputs: []model.Output{{Name: "p", Kind: model.Class, Width: 1, Classes: []string{"a", "b"}}}}
	network, err := dense.New(behind, []dense.Layer{{Weight: []float32{1, -1, 0.5, 2}, In: 4, Out: 1, Activation: dense.Sigmoid}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := prepare.New(model.Spec{Name: "m", Features: 3, Outputs: model.OneOf("a", "b")}, prepare.Program{
		Steps: []prepare.Step{
			{Kind: prepare.Scale, Of: []int32{0, 1}, A: []float32{0.5}, B: []float32{2, 3}},
			{Kind: prepare.Unit, Of: []int32{0, 1, 2}},
			{Kind: prepare.Equal, Of: []int32{2}, A: []float32{0}},
		},
		Give: []int32{3, 4, 6, 8}, Finish: prepare.Complement,
	}, network)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestConformance(t *testing.T) {
	modeltest.Run(t, modeltest.Engine{Open: prepared, AllocationFree: true})
}
