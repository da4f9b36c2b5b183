package trees

import "math"

// Rounding returns how far each score of a row may be from what a library gives
// that adds up the same leaves in another order, or at another precision. The
// arguments are those that New accepted.
//
// It bounds the error of each sum by its terms and takes that through the slope of
// the link about the sum.
func Rounding(f *Forest, temperature float64, row []float32) []float64 {
	sizes, values := make([]float64, f.Sums), make([]float64, f.Sums)
	add := func(i int, x float64) { sizes[i], values[i] = sizes[i]+math.Abs(x), values[i]+x }
	for i, x := range f.Begin {
		add(i, x)
	}
	for t := range f.Trees {
		tree := &f.Trees[t]
		leaf := int(arrive(tree.Nodes, row))
		if tree.Sum != AllSums {
			add(tree.Sum, tree.Leaves[leaf])
			continue
		}
		for i, x := range tree.Leaves[leaf*f.Sums:][:f.Sums] {
			add(i, x)
		}
	}
	unit := 0x1p-24
	if f.Sum == Float64 {
		unit = 0x1p-53
	}
	// Each of n additions may be off by a unit of a sum that is at most sizes; errors
	// that are random add up like √n.
	unit *= math.Sqrt(float64(len(f.Trees))) + 3
	factor := 1.0
	if f.Divide != 0 {
		factor /= f.Divide
	}
	if f.Scale != 0 {
		factor *= f.Scale
	}
	off := make([]float64, f.Sums)
	for i := range off {
		off[i], values[i] = unit*sizes[i]*math.Abs(factor), values[i]*factor
		if f.Add != nil {
			off[i], values[i] = off[i]+unit*math.Abs(f.Add[i]), values[i]+f.Add[i]
		}
	}
	return linked(f.Link, temperature, values, off)
}

// linked takes errors through a link, by its scores a little to both sides.
func linked(l Link, temperature float64, values, off []float64) []float64 {
	moved := make([]float64, len(values))
	least, most, middle := make([]float32, len(values)), make([]float32, len(values)), make([]float32, len(values))
	all := make([]float64, len(values))
	copy(moved, values)
	scores(l, middle, moved, temperature)
	for i := range values {
		copy(moved, values)
		moved[i] = values[i] - off[i]
		scores(l, least, moved, temperature)
		copy(moved, values)
		moved[i] = values[i] + off[i]
		scores(l, most, moved, temperature)
		for j := range all {
			all[j] += max(math.Abs(float64(least[j]-middle[j])), math.Abs(float64(most[j]-middle[j])))
		}
	}
	for j, x := range middle { // a score is a float32, after some steps
		all[j] += 0x1p-22 * math.Abs(float64(x))
	}
	return all
}
