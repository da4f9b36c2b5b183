// Package trees runs ensembles of decision trees: gradient boosting, random
// forests, isolation forests. Readers of the formats of libraries (in weights)
// make a Forest; New compiles it for the processor at hand.
//
// Rows are float32, so every split is made one of float32 that decides the same:
// see AtMost and Below. A row never lands on another leaf than in the library that
// is given the same float32 numbers.
package trees

import "penstock/model"

// Forest is an ensemble as its library means it. A row's sum s is
//
//	score[s] = link(add[s] + scale · (begin[s] + leaf + leaf + …) / divide)
//
// where leaves are added one by one in the order of Trees, at the precision of
// Sum, and zero Scale and Divide are left out.
type Forest struct {
	Features int
	// Sums is how many sums a row has.
	Sums int
	// Sum says at which precision leaves are added up.
	Sum Precision
	// Begin is what each sum begins with; nil is zero.
	Begin []float64
	Trees []Tree
	// Divide, Scale and Add are what the sums go through, as float64 where Sum is
	// Float64 and float32 otherwise.
	Divide, Scale float64
	Add           []float64 // nil is zero
	Link          Link
}

// Precision of a sum.
type Precision uint8

// Float32 rounds after each leaf to float32, and Float64 to float64.
const (
	Float32 Precision = iota
	Float64
)

// Tree is one tree. Nodes[0] is its root; a tree without nodes is its only leaf.
type Tree struct {
	// Sum is the one that a leaf's value is added to, or AllSums: then a leaf has
	// one value for each.
	Sum   int
	Nodes []Node
	// Leaves are the values: of leaf i, Leaves[i], or of a tree of AllSums
	// Leaves[i·Sums:][:Sums]. Weights of trees (dart) are multiplied in.
	Leaves []float64
}

// AllSums is the Sum of trees whose leaves are vectors.
const AllSums = -1

// Node is an inner node: a row goes left where its test holds, else right.
type Node struct {
	Feature int32
	Test    Test
	// MissingLeft says that a row whose feature is NaN goes left, whatever the test.
	MissingLeft bool
	// ZeroMissing says that a feature within ±1e-35 is as good as missing (LightGBM's
	// zero_as_missing).
	ZeroMissing bool
	Threshold   float32 // for Less and Equal
	// Set has a bit for each category that In holds for: category c is bit c%32 of
	// word c/32. A feature is truncated to its category; one that is negative or
	// beyond the words is in no set.
	Set []uint32
	// Left and Right are the index of a node, or, where negative, leaf ^Left. The
	// nodes form a tree: each but the root is the child of one, and comes after it.
	Left, Right int32
}

// Test is what a node asks of its feature.
type Test uint8

// Less is x < Threshold, Equal is x == Threshold, In is x ∈ Set.
const (
	Less Test = iota
	Equal
	In
)

// Link turns a row's sums into scores.
type Link struct {
	Kind LinkKind
	// Slope is what sums are multiplied with before LinkSigmoid; zero is one.
	Slope float64
}

// LinkKind names a link.
type LinkKind string

// The links. Unless said, there is a score for each sum.
const (
	LinkNone     LinkKind = ""         // x
	LinkSigmoid  LinkKind = "sigmoid"  // 1/(1+e⁻ˣ)
	LinkSoftmax  LinkKind = "softmax"  // eˣ/Σeˣ
	LinkExp      LinkKind = "exp"      // eˣ
	LinkSoftplus LinkKind = "softplus" // log(1+eˣ)
	LinkSquare   LinkKind = "square"   // sign(x)·x²
	LinkStep     LinkKind = "step"     // 1 where x > 0, else 0
	LinkProbit   LinkKind = "probit"   // Φ(x), the normal distribution's
	LinkNegative LinkKind = "negative" // −x
	LinkHalving  LinkKind = "halving"  // 2⁻ˣ: isolation forests
	LinkParts    LinkKind = "parts"    // x/Σx: votes that do not sum to one yet
)

// Parsed is what a reader found in a library's file.
type Parsed struct {
	Forest *Forest
	Source model.Source
	// Outputs say what the scores mean. Classes that the file does not name are
	// called "0", "1" and so on.
	Outputs []model.Output
	// Columns are the features' names, kinds and categories; nil where the file has
	// none. Each says whether it may be missing.
	Columns []model.Column
	// Missing says that every feature may be missing.
	Missing bool
}
