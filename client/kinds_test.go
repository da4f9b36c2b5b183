package client

import "penstock/protocol"

// allKinds are outputs of which there is one of each kind.
var allKinds = []protocol.Output{
	{Name: "tags", Kind: "labels", Width: 3, Classes: []string{"x", "y", "z"}, Thresholds: []float64{0.25, 0.5, 0.75}},
	{Name: "kind", Kind: "class", Width: 3, Classes: []string{"a", "b", "c"}},
	{Name: "fraud", Kind: "class", Width: 1, Classes: []string{"no", "yes"}},
	{Name: "price", Kind: "values", Width: 1},
	{Name: "size", Kind: "values", Width: 2},
	{Name: "place", Kind: "vector", Width: 2},
}
