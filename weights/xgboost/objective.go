package xgboost

import (
	"math"
	"strconv"

	"penstock/model"
	"penstock/model/trees"
)

// objective is what the library makes of margins, and of the base score.
type objective struct {
	link trees.LinkKind
	// margin turns a base score, which is a prediction, into the margin that sums
	// begin with: the inverse of the link, of float32 as the library has it.
	margin func(float32) float32
	kind   model.Kind
}

var (
	plain    = objective{trees.LinkNone, same, model.Values}
	logistic = objective{trees.LinkSigmoid, logit, model.Values}
	positive = objective{trees.LinkExp, logarithm, model.Values}
	// multi's base scores are margins. multi:softmax predicts the class of the largest
	// probability; here it is served with all of them.
	multi = objective{trees.LinkSoftmax, same, model.Class}
)

// objectives are those of the library, versions 1.0 to 3.2.
var objectives = map[string]objective{
	"reg:squarederror":     plain,
	"reg:linear":           plain,
	"reg:squaredlogerror":  plain,
	"reg:pseudohubererror": plain,
	"reg:absoluteerror":    plain,
	"reg:quantileerror":    plain,
	"reg:expectileerror":   plain,
	"rank:pairwise":        plain,
	"rank:ndcg":            plain,
	"rank:map":             plain,
	"reg:logistic":         logistic,
	"binary:logistic":      {trees.LinkSigmoid, logit, model.Class},
	"binary:logitraw":      plain,
	"binary:hinge":         {trees.LinkStep, same, model.Values},
	"multi:softmax":        multi,
	"multi:softprob":       multi,
	"count:poisson":        positive,
	"reg:gamma":            positive,
	"reg:tweedie":          positive,
	"survival:cox":         positive,
	"survival:aft":         positive,
}

func same(x float32) float32 { return x }

func logarithm(x float32) float32 { return float32(math.Log(float64(x))) }

func logit(p float32) float32 { return -logarithm(1/p - 1) }

// begin returns what sums begin with.
func (f *file) begin(o objective) ([]float64, error) {
	if n := len(f.base); n != 1 && n != f.groups {
		return nil, wrong("", "has %d numbers; expected 1, or %d, one per class or target", n, f.groups)
	}
	begin := make([]float64, f.groups)
	for i := range begin {
		base := f.base[min(i, len(f.base)-1)]
		begin[i] = float64(o.margin(base))
		if math.IsNaN(begin[i]) || math.IsInf(begin[i], 0) {
			return nil, wrong("", "is %v, which the link of %s has no margin for", base, f.objective)
		}
	}
	return begin, nil
}

// outputs are what sums mean under the objective.
func (o objective) outputs(groups int) []model.Output {
	out := model.Output{Name: model.PredictionName, Kind: o.kind, Width: groups}
	classes := groups
	switch {
	case o.kind != model.Class:
		return []model.Output{out}
	case o.link == trees.LinkSigmoid && groups == 1:
		classes = 2
	case o.link == trees.LinkSigmoid: // each target is true or not
		out.Kind = model.Labels
	}
	for i := range classes {
		out.Classes = append(out.Classes, strconv.Itoa(i))
	}
	return []model.Output{out}
}
