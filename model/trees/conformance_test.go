package trees

import (
	"testing"

	"penstock/model"
	"penstock/model/modeltest"
)

// conforming are forests of each kind that a layout is made for.
var conforming = map[string]growth{
	"perfect":      {trees: 50, depth: 6, features: 32, sums: 1, full: 1, missing: true},
	"shallow":      {trees: 33, depth: 5, features: 9, sums: 1, full: 0.9, link: Link{Kind: LinkSigmoid}},
	"deep":         {trees: 20, depth: 40, features: 10, sums: 1, full: 0.95, nodes: 500, sum: Float64},
	"bushy":        {trees: 40, depth: 12, features: 40, sums: 4, full: 1, nodes: 30, missing: true, link: Link{Kind: LinkSoftmax}},
	"vectors":      {trees: 20, depth: 8, features: 10, sums: 3, full: 0.9, vectors: true, sum: Float64, link: Link{Kind: LinkParts}},
	"categorical":  {trees: 30, depth: 6, features: 8, sums: 1, full: 0.9, tests: []Test{Less, In, Equal}, missing: true},
	"zero missing": {trees: 30, depth: 6, features: 8, sums: 1, full: 0.9, missing: true, zeroMissing: true},
	"stumps":       {trees: 300, depth: 1, features: 5, sums: 1, full: 1},
	"leaf":         {trees: 1, depth: 0, features: 1, sums: 1},
	"no trees":     {features: 3, sums: 2},
	"one feature":  {trees: 20, depth: 6, features: 1, sums: 1, full: 1},
	"wide":         {trees: 20, depth: 6, features: 70_000, sums: 1, full: 1, missing: true},
}

func TestConforms(t *testing.T) {
	for name, g := range conforming {
		t.Run(name, func(t *testing.T) {
			f := g.forest(1)
			if g.features > 1000 { // the suite makes many rows
				f.Features = 1000
				for i := range f.Trees {
					for n := range f.Trees[i].Nodes {
						f.Trees[i].Nodes[n].Feature %= 1000
					}
				}
			}
			modeltest.Run(t, modeltest.Engine{
				Open: func(t testing.TB) model.Model {
					m, err := New(spec(f), f, 1)
					if err != nil {
						t.Fatal(err)
					}
					return m
				},
				AllocationFree: true,
			})
		})
	}
}
