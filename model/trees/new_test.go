package trees

import (
	"errors"
	"math"
	"strings"
	"testing"

	"penstock/model"
)

func TestNewRefuses(t *testing.T) {
	cases := map[string]struct {
		change func(*Forest)
		want   string
	}{
		"features":        {func(f *Forest) { f.Features = 4 }, "has 4 features; the model has 3"},
		"sums":            {func(f *Forest) { f.Sums = 2 }, "gives 2 scores; the model has 1"},
		"begin":           {func(f *Forest) { f.Begin = []float64{1, 2} }, "begin has 2 numbers"},
		"begin NaN":       {func(f *Forest) { f.Begin = []float64{math.NaN()} }, "begin of score 0 is NaN"},
		"link":            {func(f *Forest) { f.Link.Kind = "cosine" }, `the link is "cosine"`},
		"sum":             {func(f *Forest) { f.Trees[1].Sum = 1 }, "tree 1: adds to score 1"},
		"leaf":            {func(f *Forest) { f.Trees[0].Leaves[0] = math.Inf(1) }, "tree 0: leaf 0 has the value +Inf"},
		"leaf of float32": {func(f *Forest) { f.Trees[0].Leaves[0] = 1e300 }, "leaf 0 has the value 1e+300"},
		"no leaves":       {func(f *Forest) { f.Trees[0].Leaves = nil }, "tree 0: has 0 leaf values"},
		"feature":         {func(f *Forest) { f.Trees[0].Nodes[1].Feature = 3 }, "tree 0: node 1: asks for feature 3"},
		"negative":        {func(f *Forest) { f.Trees[0].Nodes[1].Feature = -1 }, "asks for feature -1"},
		"test":            {func(f *Forest) { f.Trees[0].Nodes[1].Test = 9 }, "has test 9"},
		"threshold":       {func(f *Forest) { f.Trees[0].Nodes[1].Threshold = float32(math.NaN()) }, "not a number"},
		"child":           {func(f *Forest) { f.Trees[0].Nodes[0].Left = 7 }, "node 0: leads to node 7; the tree has 3"},
		"leaf index":      {func(f *Forest) { f.Trees[0].Nodes[2].Left = ^9 }, "leads to leaf 9; the tree has 4"},
		"circle":          {func(f *Forest) { f.Trees[0].Nodes[2].Left = 0 }, "does not come after it"},
		"two parents":     {func(f *Forest) { f.Trees[0].Nodes[0].Left = 2 }, "another's child"},
		"orphan":          {func(f *Forest) { f.Trees[0].Nodes[0].Left = ^0 }, "child of no node"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := growth{trees: 2, depth: 2, features: 3, sums: 1, full: 1}.forest(1)
			s := spec(f)
			c.change(f)
			_, err := New(s, f, 1)
			var wrong *ForestError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want a ForestError with %q", err, c.want)
			}
		})
	}
}

func TestNewRefusesSpecs(t *testing.T) {
	f := growth{trees: 2, depth: 2, features: 3, sums: 1, full: 1}.forest(1)
	normalised := spec(f)
	normalised.Input.Mean = []float64{1}
	for name, try := range map[string]func() (*Model, error){
		"normalised":           func() (*Model, error) { return New(normalised, f, 1) },
		"temperature":          func() (*Model, error) { return New(spec(f), f, math.NaN()) },
		"nothing to calibrate": func() (*Model, error) { return New(spec(f), f, 2) },
	} {
		var wrong *model.SpecError
		if _, err := try(); !errors.As(err, &wrong) {
			t.Errorf("%s: got %v; want a SpecError", name, err)
		}
	}
}

// FuzzNew makes forests of any bytes: New refuses them, or they can be walked.
func FuzzNew(f *testing.F) {
	f.Add([]byte{2, 1, 3, 0, 0, 9, 1, 2, 1, 0, 7, 255, 254, 2, 1, 8, 253, 252})
	f.Add([]byte{1, 1, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		forest := decode(data)
		m, err := New(spec(forest), forest, 1)
		if err != nil {
			return
		}
		s, err := m.NewSession(3)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Predict(make([]float32, 3*forest.Sums), forest.Sample(3, 1), 3); err != nil {
			t.Fatal(err)
		}
	})
}

// decode takes a forest from bytes, most of which New refuses.
func decode(data []byte) *Forest {
	take := func() byte {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return b
	}
	f := &Forest{Features: int(take()), Sums: 1 + int(take()%3)}
	for range take() % 8 {
		t := Tree{Sum: int(int8(take())) % 3}
		for range take() % 16 {
			t.Nodes = append(t.Nodes, Node{Feature: int32(int8(take())), Threshold: float32(int8(take())), Test: Test(take() % 4),
				MissingLeft: take()%2 == 0, Left: int32(int8(take())), Right: int32(int8(take())), Set: []uint32{uint32(take())}})
		}
		for range take() % 32 {
			t.Leaves = append(t.Leaves, float64(take()))
		}
		f.Trees = append(f.Trees, t)
	}
	return f
}
