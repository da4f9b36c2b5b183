package outputs

import (
	"math"
	"slices"

	"penstock/model"
	"penstock/protocol"
	"penstock/quality"
	"penstock/quality/conformal"
)

// Sets are the answers that are likely enough to hold the truth.
type Sets = protocol.Sets

// Setter makes the sets of rows, whose scores are as for a Decider: of every answer
// whose conformity is at least threshold, as quality.Series.Threshold has it. Into has
// no rows yet.
type Setter func(rows int, scores []float32, stride int, threshold float32, into *Sets)

// Sets makes the sets of rows, from all scores of their model, stride apart. It reports
// false where the output's kind has none.
func (o *Output) Sets(rows int, scores []float32, stride int, threshold float32, into *Sets) bool {
	if o.set == nil {
		return false
	}
	into.Members, into.Ends, into.Radius = into.Members[:0], into.Ends[:0], 0
	o.set(rows, scores[o.First:], stride, threshold, into)
	return true
}

// classSets has the classes that are likely enough, and the likeliest in any case.
// Probabilities are looked at as quality keeps them, by which the threshold was found.
func classSets(o model.Output) Setter {
	each := conformal.Members
	switch classes := len(o.Classes); {
	case o.Width == 1:
		each = func(dst []uint16, p []float32, t float32) []uint16 {
			return conformal.Members(dst, []float32{1 - p[0], p[0]}, t)
		}
	case classes > quality.FullClasses:
		each = membersOfMany
	}
	width := o.Width
	return func(rows int, scores []float32, stride int, threshold float32, into *Sets) {
		for row := range rows {
			into.Members = each(into.Members, scores[row*stride:][:width], threshold)
			into.Ends = append(into.Ends, int32(len(into.Members)))
		}
	}
}

// membersOfMany is Members where only the likeliest classes have a probability of
// their own.
func membersOfMany(dst []uint16, p []float32, threshold float32) []uint16 {
	var top quality.Likeliest
	top.Find(p)
	first := len(dst)
	for i, one := range top.P {
		if i == 0 || one >= threshold {
			dst = append(dst, top.Class[i])
		}
	}
	if top.Rest >= threshold {
		for class := range p {
			if !slices.Contains(top.Class[:], uint16(class)) {
				dst = append(dst, uint16(class))
			}
		}
	}
	slices.Sort(dst[first:])
	return dst
}

// intervals are as far from each value as the threshold says that the truth may be.
func intervals(model.Output) Setter {
	return func(_ int, _ []float32, _ int, threshold float32, into *Sets) {
		into.Radius = -threshold
		if math.IsInf(float64(threshold), 0) {
			into.Radius = float32(math.NaN())
		}
	}
}
