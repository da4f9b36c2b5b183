package measure

import (
	"cmp"
	"math"
	"slices"
)

// MostWeight is what share of all weight a caller has at most, where there are 20 or
// more of them.
const MostWeight = 0.05

// Influence tells how much an accuracy depends on who labels.
type Influence struct {
	// Accuracy of all labelled rows, each counted alike: the headline.
	Accuracy float64
	// Capped is the accuracy where no caller has more of the weight than MostWeight, or
	// of fewer than 20 callers than an equal part.
	Capped float64
	// Most is the caller whose labels move Accuracy the most, and Moves by how much:
	// Accuracy less what it would be without them. Both are zero with a single caller.
	Most  string
	Moves float64
}

// InfluenceOf tells what each caller's labels do to the accuracy; nil without labels.
// Callers without a label do not count.
func InfluenceOf(callers []Slice) *Influence {
	labelling := slices.DeleteFunc(slices.Clone(callers), func(c Slice) bool { return c.Labelled == 0 })
	if len(labelling) == 0 {
		return nil
	}
	var rows, right float64
	for k := range labelling {
		c := &labelling[k]
		c.Correct = min(c.Correct, c.Labelled)
		rows += float64(c.Labelled)
		right += float64(c.Correct)
	}
	i := &Influence{Accuracy: right / rows, Capped: capped(labelling, rows)}
	for _, c := range labelling {
		if others := rows - float64(c.Labelled); others > 0 {
			if moves := i.Accuracy - (right-float64(c.Correct))/others; math.Abs(moves) > math.Abs(i.Moves) {
				i.Most, i.Moves = c.Name, moves
			}
		}
	}
	return i
}

// capped is the accuracy with each caller's weight cut to a share of the sum of weights
// after the cut. From the largest caller down, those above it are cut until the next one
// is below: if k callers have the share s each, the others' rows are 1 − k·s of the sum.
func capped(callers []Slice, rows float64) float64 {
	slices.SortFunc(callers, func(a, b Slice) int { return cmp.Compare(b.Labelled, a.Labelled) })
	share := max(MostWeight, 1/float64(len(callers)))
	var right float64 // share of the weight
	others, left := rows, 1.0
	for k, c := range callers {
		labelled := float64(c.Labelled)
		accuracy := float64(c.Correct) / labelled
		if labelled*left <= share*others {
			for _, c := range callers[k:] {
				right += left * float64(c.Correct) / others
			}
			return right
		}
		right += share * accuracy
		others -= labelled
		left -= share
	}
	return right
}
