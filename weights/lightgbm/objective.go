package lightgbm

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"penstock/model"
	"penstock/model/trees"
)

// objectives are those of LightGBM's src/objective, with the link of each one's
// ConvertOutput.
var objectives = map[string]struct {
	link trees.LinkKind
	kind model.Kind
	root bool // it may have been trained on square roots of labels: "sqrt"
}{
	"regression":           {trees.LinkNone, model.Values, true},
	"regression_l1":        {trees.LinkNone, model.Values, true},
	"fair":                 {trees.LinkNone, model.Values, true},
	"quantile":             {trees.LinkNone, model.Values, true},
	"mape":                 {trees.LinkNone, model.Values, true},
	"huber":                {trees.LinkNone, model.Values, false},
	"poisson":              {trees.LinkExp, model.Values, false},
	"gamma":                {trees.LinkExp, model.Values, false},
	"tweedie":              {trees.LinkExp, model.Values, false},
	"binary":               {trees.LinkSigmoid, model.Class, false},
	"multiclass":           {trees.LinkSoftmax, model.Class, false},
	"multiclassova":        {trees.LinkSigmoid, model.Labels, false}, // its scores do not sum to one
	"cross_entropy":        {trees.LinkSigmoid, model.Values, false}, // of labels from 0 to 1
	"cross_entropy_lambda": {trees.LinkSoftplus, model.Values, false},
	"lambdarank":           {trees.LinkNone, model.Values, false},
	"rank_xendcg":          {trees.LinkNone, model.Values, false},
}

// readObjective reads a line such as "binary sigmoid:1". Models of an objective that
// a user wrote have none, and are served raw, as LightGBM does.
func readObjective(text string, sums int) (trees.Link, []model.Output, error) {
	words := strings.Fields(text)
	if len(words) == 0 || words[0] == "custom" || words[0] == "none" {
		return trees.Link{}, outputs(model.Values, sums), nil
	}
	o, known := objectives[words[0]]
	if !known {
		return trees.Link{}, nil, wrong("objective", "is %q, which this version does not know; serve the model by the Python engine", clip([]byte(words[0])))
	}
	link := trees.Link{Kind: o.link}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, ":")
		switch {
		case name == "sqrt" && o.root:
			link.Kind = trees.LinkSquare
		case name == "sigmoid":
			slope, err := strconv.ParseFloat(value, 64)
			if err != nil || !(slope > 0) || math.IsInf(slope, 0) {
				return link, nil, wrong("objective", "has sigmoid %q; expected a positive number", clip([]byte(value)))
			}
			link.Slope = slope
		}
	}
	several := slices.Contains([]string{"multiclass", "multiclassova"}, words[0])
	if several && sums < 2 || !several && sums != 1 {
		return link, nil, wrong("objective", "is %q with %d trees per iteration", words[0], sums)
	}
	return link, outputs(o.kind, sums), nil
}

func outputs(kind model.Kind, width int) []model.Output {
	o := model.Output{Name: model.PredictionName, Kind: kind, Width: width}
	if kind == model.Class || kind == model.Labels {
		for i := range max(width, 2) {
			o.Classes = append(o.Classes, strconv.Itoa(i))
		}
	}
	return []model.Output{o}
}
