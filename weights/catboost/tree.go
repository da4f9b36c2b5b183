package catboost

import (
	"encoding/json"
	"fmt"

	"penstock/model/trees"
)

// symmetricTree asks the same of every node of a level. Leaf i has bit k where split
// k holds.
type symmetricTree struct {
	Splits []split   `json:"splits"`
	Leaves []float64 `json:"leaf_values"`
}

type split struct {
	Type        string   `json:"split_type"`
	Number      int      `json:"float_feature_index"`
	Border      *float64 `json:"border"` // it holds above
	Categorical int      `json:"cat_feature_index"`
	Value       *int64   `json:"value"` // it holds for the category with this hash
}

// branch is a tree of another form: a leaf with a value, or a split that sends a row
// right where it holds.
type branch struct {
	Left  *branch         `json:"left"`
	Right *branch         `json:"right"`
	Split *split          `json:"split"`
	Value json.RawMessage `json:"value"` // a number, or one for each sum
}

func (r *reader) trees(symmetric []symmetricTree, others []*branch) (err error) {
	r.f.Trees = make([]trees.Tree, max(len(symmetric), len(others)))
	for i := range r.f.Trees {
		t := &r.f.Trees[i]
		if r.f.Sums > 1 {
			t.Sum = trees.AllSums
		}
		if len(symmetric) > 0 {
			err = r.symmetric(t, symmetric[i], fmt.Sprintf("oblivious_trees[%d]", i))
		} else {
			_, err = r.branch(t, others[i], fmt.Sprintf("trees[%d]", i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// symmetric makes a tree whose root asks the last split, so that leaves stay in order.
func (r *reader) symmetric(t *trees.Tree, from symmetricTree, field string) error {
	depth := len(from.Splits)
	// The leaves are in the file, and so bound the nodes.
	if depth > 30 || len(from.Leaves) != r.f.Sums<<depth {
		return wrong(field+".leaf_values", "has %d numbers; %d splits and %d sums need another number of them", len(from.Leaves), depth, r.f.Sums)
	}
	t.Leaves = from.Leaves
	if depth == 0 {
		return nil
	}
	t.Nodes = make([]trees.Node, 1<<depth-1)
	for level := range depth {
		n, swapped, err := r.node(&from.Splits[depth-1-level], field)
		if err != nil {
			return err
		}
		for i := 1<<level - 1; i < 2<<level-1; i++ {
			left, right := int32(2*i+1), int32(2*i+2)
			if level == depth-1 {
				left, right = ^(left - int32(len(t.Nodes))), ^(right - int32(len(t.Nodes)))
			}
			if swapped {
				left, right = right, left
			}
			n.Left, n.Right = left, right
			t.Nodes[i] = n
		}
	}
	return nil
}

// branch adds a branch to a tree and returns what its parent calls it. JSON is as
// deep as 10,000 at most, and so is this.
func (r *reader) branch(t *trees.Tree, from *branch, field string) (int32, error) {
	if from == nil || (from.Split == nil) != (from.Value != nil) {
		return 0, wrong(field, "has a node that is neither a split with two branches nor a leaf with a value")
	}
	if from.Split == nil {
		return r.leaf(t, from.Value, field)
	}
	n, swapped, err := r.node(from.Split, field)
	if err != nil {
		return 0, err
	}
	at := int32(len(t.Nodes))
	t.Nodes = append(t.Nodes, n)
	left, err := r.branch(t, from.Left, field)
	if err != nil {
		return 0, err
	}
	right, err := r.branch(t, from.Right, field)
	if swapped {
		left, right = right, left
	}
	t.Nodes[at].Left, t.Nodes[at].Right = left, right
	return at, err
}

func (r *reader) leaf(t *trees.Tree, value json.RawMessage, field string) (int32, error) {
	values := make([]float64, 1)
	if json.Unmarshal(value, &values[0]) != nil && json.Unmarshal(value, &values) != nil || len(values) != r.f.Sums {
		return 0, wrong(field, "has a leaf with another value than %d numbers", r.f.Sums)
	}
	leaf := len(t.Leaves) / r.f.Sums
	t.Leaves = append(t.Leaves, values...)
	return ^int32(leaf), nil
}

// node is what a split asks, with its children not set yet; swapped says that the
// right one belongs left.
func (r *reader) node(s *split, field string) (n trees.Node, swapped bool, err error) {
	switch s.Type {
	case "FloatFeature":
		f, known := r.numbers[s.Number]
		if !known || s.Border == nil {
			return n, false, wrong(field, "has a split on float feature %d that is not in features_info, or has no border", s.Number)
		}
		return trees.Node{Feature: f.feature, Threshold: trees.AtMost(*s.Border), MissingLeft: f.missingLeft}, false, nil
	case "OneHotFeature":
		f, known := r.categories[s.Categorical]
		if !known || s.Value == nil {
			return n, false, wrong(field, "has a split on categorical feature %d that is not in features_info, or has no value", s.Categorical)
		}
		return trees.Node{Feature: f.feature, Test: trees.In, Set: set(f.codes[int32(*s.Value)])}, true, nil
	}
	return n, false, wrong(field, "has a split of type %q; expected FloatFeature or OneHotFeature: %s", s.Type, elsewhere)
}

func set(codes []int) (words []uint32) {
	for _, code := range codes {
		for len(words) <= code/32 {
			words = append(words, 0)
		}
		words[code/32] |= 1 << (code % 32)
	}
	return words
}
