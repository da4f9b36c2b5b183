// Package prepare puts steps before a model: rows as a client sends them become rows
// that the model was trained on. Numbers are scaled and imputed, categories become
// several numbers, columns are chosen and put in order.
//
// It computes in float32, each operation rounded once and in the order of the steps,
// as the libraries do whose models it runs. It does not know those libraries.
package prepare

import (
	"fmt"
	"slices"
)

// Program says what becomes of a row. A row has cells: first its features, then, step
// by step, what each step makes, one cell for each cell that it is Of. No step
// overwrites a cell.
type Program struct {
	Steps []Step
	// Give are the cells that the model behind is given, in its order.
	Give []int32
	// Finish is done to that model's scores.
	Finish Finish
}

// Step is one operation on cells.
type Step struct {
	Kind Kind
	Of   []int32 // the cells that it is of, each made before
	// A and B have an entry for each cell, or one for all; what they are is said by
	// the kind.
	A, B []float32
}

// Kind says what a step makes of x, the value of each cell.
type Kind string

// The kinds of steps.
const (
	Add       Kind = "add"       // x + a
	Subtract  Kind = "subtract"  // x − a
	From      Kind = "from"      // a − x
	Multiply  Kind = "multiply"  // x · a
	Divide    Kind = "divide"    // x / a
	Under     Kind = "under"     // a / x
	Scale     Kind = "scale"     // (x − a) · b
	Clip      Kind = "clip"      // at least a and at most b; NaN stays
	Impute    Kind = "impute"    // b where x is a, or both are NaN; else x
	Equal     Kind = "equal"     // 1 where x is a, else 0: one of a category's numbers
	Greater   Kind = "greater"   // 1 where x > a, else 0
	Truncate  Kind = "truncate"  // the whole number towards zero
	Lookup    Kind = "lookup"    // A[x] for every cell, and B[0] where A has no such
	Normalise Kind = "normalise" // the cells over the sum of their sizes; zeros stay
	Unit      Kind = "unit"      // the cells over their length; zeros stay
	Peak      Kind = "peak"      // the cells over the largest of them, unless that is zero
)

// Finish says what becomes of the scores of the model behind.
type Finish string

// The ways to finish.
const (
	AsIs       Finish = ""           // nothing
	Complement Finish = "complement" // p becomes 1 − p and p
	Parts      Finish = "parts"      // the scores over their sum
)

// operands are how many entries A and B of a kind have: for each cell or one, or none.
var operands = map[Kind]struct{ a, b bool }{
	Add: {a: true}, Subtract: {a: true}, From: {a: true}, Multiply: {a: true}, Divide: {a: true}, Under: {a: true},
	Scale: {true, true}, Clip: {true, true}, Impute: {true, true}, Equal: {a: true}, Greater: {a: true},
	Truncate: {}, Lookup: {true, true}, Normalise: {}, Unit: {}, Peak: {},
}

// check returns how many cells a row has after the steps.
func (p Program) check(features int) (int, error) {
	cells := features
	for i, s := range p.Steps {
		takes, known := operands[s.Kind]
		if !known {
			return 0, fmt.Errorf("step %d is of kind %q, which is none", i, s.Kind)
		}
		fits := func(values []float32, taken bool) bool {
			if s.Kind == Lookup {
				return true
			}
			return !taken && len(values) == 0 || taken && (len(values) == 1 || len(values) == len(s.Of))
		}
		if !fits(s.A, takes.a) || !fits(s.B, takes.b) || s.Kind == Lookup && len(s.B) != 1 {
			return 0, fmt.Errorf("step %d, %s of %d cells, has %d and %d numbers", i, s.Kind, len(s.Of), len(s.A), len(s.B))
		}
		if !made(s.Of, cells) {
			return 0, fmt.Errorf("step %d, %s, is of none of the %d cells before it", i, s.Kind, cells)
		}
		cells += len(s.Of)
	}
	if !made(p.Give, cells) || len(p.Give) == 0 {
		return 0, fmt.Errorf("what the model is given are none of the %d cells", cells)
	}
	return cells, nil
}

// made reports whether all are cells of the first so many.
func made(of []int32, cells int) bool {
	return !slices.ContainsFunc(of, func(c int32) bool { return c < 0 || int(c) >= cells })
}
