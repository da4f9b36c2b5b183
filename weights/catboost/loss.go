package catboost

import (
	"encoding/json"
	"slices"
	"strconv"

	"penstock/model"
	"penstock/model/trees"
)

// losses are those whose raw sums CatBoost does not give as they are: the link is
// that of predict_proba, or of predict where there are no classes.
var losses = map[string]struct {
	link trees.LinkKind
	kind model.Kind
	wide bool // it has a sum for each class
}{
	"Logloss":            {trees.LinkSigmoid, model.Class, false},
	"CrossEntropy":       {trees.LinkSigmoid, model.Class, false},
	"Focal":              {trees.LinkSigmoid, model.Class, false},
	"MultiClass":         {trees.LinkSoftmax, model.Class, true},
	"MultiClassOneVsAll": {trees.LinkSigmoid, model.Labels, true}, // its scores do not sum to one
	"MultiLogloss":       {trees.LinkSigmoid, model.Labels, true},
	"MultiCrossEntropy":  {trees.LinkSigmoid, model.Labels, true},
	"Poisson":            {trees.LinkExp, model.Values, false},
	"Tweedie":            {trees.LinkExp, model.Values, false},
}

// raw are the losses whose sums are what CatBoost's predict gives: of regressions, of
// rankings and of what a user wrote.
var raw = []string{
	"RMSE", "MAE", "MAPE", "Quantile", "LogLinQuantile", "GroupQuantile", "Expectile", "Huber", "Lq", "LogCosh", "Cox", "SurvivalAft",
	"MultiRMSE", "MultiRMSEWithMissingValues", "MultiQuantile",
	"YetiRank", "YetiRankPairwise", "PairLogit", "PairLogitPairwise", "QueryRMSE", "QuerySoftMax", "QueryCrossEntropy",
	"LambdaMart", "StochasticRank", "StochasticFilter",
	"PythonUserDefinedPerObject", "PythonUserDefinedMultiTarget",
}

func (info modelInfo) outputs(sums int) (trees.Link, []model.Output, error) {
	const field = "model_info.params.loss_function"
	loss := info.Params.LossFunction.Type
	out := model.Output{Name: model.PredictionName, Kind: model.Values, Width: sums}
	if slices.Contains(raw, loss) {
		return trees.Link{}, []model.Output{out}, nil
	}
	of, known := losses[loss]
	if !known {
		return trees.Link{}, nil, wrong(field, "is %q, of which this version does not know what its sums mean; %s", loss, elsewhere)
	}
	if !of.wide && sums != 1 || of.wide && of.kind == model.Class && sums < 2 {
		return trees.Link{}, nil, wrong(field, "is %q, with %d sums", loss, sums)
	}
	out.Kind = of.kind
	var err error
	switch {
	case of.kind == model.Values:
	case of.wide:
		out.Classes, err = info.classes(sums)
	default:
		out.Classes, err = info.classes(2)
	}
	return trees.Link{Kind: of.link}, []model.Output{out}, err
}

// classes are the file's names, as Python's str writes them, or numbers.
func (info modelInfo) classes(n int) (names []string, err error) {
	if len(info.Classes.Names) != n {
		for i := range n {
			names = append(names, strconv.Itoa(i))
		}
		return names, nil
	}
	for i, text := range info.Classes.Names {
		var decoded any
		_ = json.Unmarshal(text, &decoded) // which was JSON before
		switch v := decoded.(type) {
		case string:
			names = append(names, v)
		case float64:
			names = append(names, string(text))
		case bool:
			names = append(names, map[bool]string{true: "True", false: "False"}[v])
		default:
			return nil, wrong("model_info.class_params.class_names", "has an entry %d that is no string, number or boolean", i)
		}
	}
	return names, nil
}
