package client

import (
	"fmt"
	"slices"

	"penstock/protocol"
)

// Kinds of outputs, as the server's hello names them.
const (
	kindClass  = "class"
	kindLabels = "labels"
	kindValues = "values"
	kindVector = "vector"
)

// firstKind is the kind of what a model predicts. A server that does not tell its
// models' outputs has classes, or single numbers.
func firstKind(model *protocol.HelloItem) string {
	switch {
	case len(model.Outputs) > 0:
		return model.Outputs[0].Kind
	case len(model.Classes) > 0:
		return kindClass
	}
	return kindValues
}

// needsScores reports whether a binary answer's pair does not say all that an output
// predicts.
func needsScores(o *protocol.Output) bool {
	return o.Kind == kindLabels || o.Kind == kindVector || o.Kind == kindValues && o.Width > 1
}

// decideRows reads from the rows' scores what their pairs do not say, and keeps of all
// this what was asked for.
func decideRows(outputs []protocol.Output, rows []Row, c *call) error {
	if len(outputs) == 0 {
		return nil
	}
	wanted := outputs[:1]
	if c.outputs {
		wanted = outputs
	}
	for i := range rows {
		if err := rows[i].decide(wanted, rows[i].Scores, c); err != nil {
			return fmt.Errorf("the reply's scores do not fit what hello says of the model: %w", err)
		}
		if !c.scores {
			rows[i].Scores = nil
		}
	}
	return nil
}

// decide reads what the outputs say, and that of the first into the row itself.
func (r *Row) decide(outputs []protocol.Output, scores []float32, c *call) error {
	if c.outputs {
		r.Outputs = make(map[string]Row, len(outputs))
	}
	for i := range outputs {
		o := &outputs[i]
		if o.Width < 1 || o.Width > len(scores) {
			return fmt.Errorf("%d scores are left for the %d of %q", len(scores), o.Width, o.Name)
		}
		own := slices.Clip(scores[:o.Width])
		scores = scores[o.Width:]
		if i == 0 && needsScores(o) {
			if err := r.decideOne(o, own); err != nil {
				return err
			}
		}
		if !c.outputs {
			continue
		}
		one := Row{}
		if err := one.decideOne(o, own); err != nil {
			return err
		}
		if c.scores {
			one.Scores = own
		}
		r.Outputs[o.Name] = one
	}
	return nil
}

// decideOne decides of one output as the server does.
func (r *Row) decideOne(o *protocol.Output, scores []float32) error {
	switch o.Kind {
	case kindClass:
		return r.decideClass(o, scores)
	case kindLabels:
		return r.decideLabels(o, scores)
	case kindValues:
		r.Value = float64(scores[0])
		if len(scores) > 1 {
			r.Values = make([]float64, len(scores))
			for i, s := range scores {
				r.Values[i] = float64(s)
			}
		}
	case kindVector:
		r.Vector = scores
	}
	return nil // of a newer server's kind there are the scores
}

// decideClass takes the first of the highest scores or, of two classes with one score,
// the second where that is above one half.
func (r *Row) decideClass(o *protocol.Output, scores []float32) error {
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	confidence := clamp(scores[best])
	if len(scores) == 1 {
		if confidence > 0.5 {
			best = 1
		} else {
			confidence = 1 - confidence
		}
	}
	if best >= len(o.Classes) {
		return fmt.Errorf("class %d of %q has no name", best, o.Name)
	}
	exact := float64(confidence)
	r.Label, r.Confidence = o.Classes[best], &exact
	return nil
}

// decideLabels takes those at or above their thresholds.
func (r *Row) decideLabels(o *protocol.Output, scores []float32) error {
	if len(o.Classes) != len(scores) || len(o.Thresholds) != 0 && len(o.Thresholds) != len(scores) {
		return fmt.Errorf("%q has %d scores for %d labels with %d thresholds", o.Name, len(scores), len(o.Classes), len(o.Thresholds))
	}
	r.Labels = []TrueLabel{}
	for i, s := range scores {
		threshold := float32(0.5)
		if len(o.Thresholds) > 0 {
			threshold = float32(o.Thresholds[i])
		}
		if s >= threshold {
			r.Labels = append(r.Labels, TrueLabel{o.Classes[i], float64(clamp(s))})
		}
	}
	return nil
}

func clamp(p float32) float32 { return min(max(p, 0), 1) }
