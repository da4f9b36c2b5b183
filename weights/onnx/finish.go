package onnx

import (
	"strconv"

	"penstock/model"
	"penstock/model/prepare"
	"penstock/model/trees"
)

// finish puts together what was lowered, and says what the scores mean:
//
//	end of the graph                                       kind
//	probabilities that sum to one, of several classes      class
//	a sigmoid of one score                                 class of two, a score for the second
//	a sigmoid each of several scores                       labels
//	anything else                                          values
func (l *lowering) finish(target Value, v *value) (*Lowered, error) {
	e := *v.engine
	if e.curve != "" {
		return nil, cannot("the output %q is a part of an activation", target.Name)
	}
	if e.forest == nil {
		if err := e.settle(l); err != nil {
			return nil, err
		}
	}
	columns, missing, err := l.clientColumns(&e)
	if err != nil {
		return nil, err
	}
	made := &Lowered{
		Features: len(l.columns), Columns: columns, Missing: missing,
		Program: prepare.Program{Steps: l.steps, Give: e.from, Finish: e.finish},
		Layers:  e.layers, Forest: e.forest,
	}
	made.Outputs = []model.Output{e.output()}
	made.Behind = made.Outputs
	switch e.finish {
	case prepare.Complement:
		made.Behind = []model.Output{{Name: model.PredictionName, Kind: model.Class, Width: 1, Classes: made.Outputs[0].Classes}}
	case prepare.Parts:
		made.Behind = []model.Output{{Name: model.PredictionName, Kind: model.Labels, Width: e.width, Classes: made.Outputs[0].Classes}}
	}
	return made, nil
}

func (e *engine) output() model.Output {
	o := model.Output{Name: model.PredictionName, Kind: model.Values, Width: e.width}
	sigmoids := e.probable() && !e.parts
	if e.forest != nil {
		sigmoids = e.forest.Link.Kind == trees.LinkSigmoid && !e.parts
	}
	classes := e.width
	switch {
	case e.parts && e.width > 1:
		o.Kind = model.Class
	case sigmoids && e.width == 1:
		o.Kind, classes = model.Class, 2
	case sigmoids:
		o.Kind = model.Labels
	default:
		return o
	}
	if o.Classes = e.labels; len(o.Classes) != classes {
		o.Classes = nil
		for i := range classes {
			o.Classes = append(o.Classes, strconv.Itoa(i))
		}
	}
	return o
}
