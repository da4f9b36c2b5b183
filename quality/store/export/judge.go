package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"penstock/quality"
)

// presence is which of the optional columns a row has. Rows of one batch have the same.
type presence struct{ confidence, shown, probability, squares, set bool }

func presenceOf(r *record) presence {
	return presence{
		confidence: r.Confidence != nil, shown: r.ShownConfidence != nil, probability: r.Probability != nil,
		squares: r.Squares != nil, set: r.SetSize != nil && r.Covered != nil,
	}
}

// guess says what a version predicts that the store does not know, by its first row.
func (v *version) guess(r *record) error {
	_, err := strconv.ParseFloat(r.Prediction, 64)
	switch {
	case strings.HasPrefix(r.Prediction, `["`) || r.Prediction == "[]":
		return fmt.Errorf("model %q version %q predicts several labels, and the store has none of its rows to tell which there are; let a server answer some first", r.Model, r.Version)
	case r.Correct != nil || err != nil && !strings.HasPrefix(r.Prediction, "["):
		v.o.Kind, v.o.Width, v.o.LabelWidth = "class", 1, 1
		return nil
	}
	values, err := numbersOf(r.Prediction)
	v.o.Kind, v.o.Width, v.o.LabelWidth = "values", len(values), len(values)
	return err
}

// add judges a row and adds it.
func (v *version) add(r *record) error {
	values, truths, err := v.read(r)
	if err != nil {
		return err
	}
	confidences, err := v.confidences(r)
	if err != nil {
		return err
	}
	if err := v.check(r, confidences); err != nil {
		return err
	}
	o := &v.o
	o.Predicted, o.Labelled = append(o.Predicted, r.PredictedAt), append(o.Labelled, r.LabelledAt)
	o.Scopes, o.IDs, o.Rows = append(o.Scopes, quality.Scope{}), append(o.IDs, quality.KeptID(r.RequestID)), append(o.Rows, uint32(r.Row))
	o.Callers, o.Names = append(o.Callers, r.Caller), append(o.Names, r.Caller)
	for _, x := range values {
		o.Values = append(o.Values, float32(x))
	}
	o.Confidences, o.Truths = append(o.Confidences, confidences...), append(o.Truths, truths...)
	o.Verdicts = append(o.Verdicts, v.judge(values, truths))
	v.optional(r)
	return nil
}

// ahead is how far the clock of whoever predicted may be ahead of this one.
const ahead = 24 * time.Hour

// check refuses what no server can have written, before it spoils every sum.
func (v *version) check(r *record, confidences []float32) error {
	switch {
	case r.Model == "":
		return errors.New("model is empty; expected a name")
	case v.o.Kind == "class" && r.Label == "" && r.Correct == nil:
		return errors.New("label is empty; expected the name of a class, and no rows without a label")
	case r.Row < 0 || r.Row > math.MaxUint32:
		return fmt.Errorf("row is %d; expected 0 or more", r.Row)
	case max(r.PredictedAt, r.LabelledAt) > time.Now().Add(ahead).UnixNano():
		return fmt.Errorf("it was predicted at %s and labelled at %s; expected times that have been", moment(r.PredictedAt), moment(r.LabelledAt))
	}
	for _, x := range confidences {
		if x < 0 || x > mostShare {
			return fmt.Errorf("confidence is %v; expected 0 to 1", x)
		}
	}
	// Below 0 says of the first two that they are not known.
	for _, one := range []struct {
		name string
		is   *float64
		most float64
	}{{"shown_confidence", r.ShownConfidence, mostShare}, {"probability", r.Probability, mostShare}, {"squares", r.Squares, math.MaxFloat32}} {
		if one.is != nil && !(*one.is <= one.most) {
			return fmt.Errorf("%s is %v; expected a number of at most %v, or nothing", one.name, *one.is, one.most)
		}
	}
	return nil
}

// mostShare is 1, and what the rounding of a model may add to it.
const mostShare = 1 + 1e-5

func (v *version) optional(r *record) {
	o := &v.o
	v.present = presenceOf(r)
	for _, one := range []struct {
		from *float64
		to   *[]float32
	}{{r.ShownConfidence, &o.Shown}, {r.Probability, &o.Probability}, {r.Squares, &o.Squares}} {
		if one.from != nil {
			*one.to = append(*one.to, float32(*one.from))
		}
	}
	if v.present.set {
		o.SetSize = append(o.SetSize, uint16(min(max(*r.SetSize, 0), math.MaxUint16)))
		o.Covered = append(o.Covered, *r.Covered)
	}
}

// read reads the prediction and the label of a row.
func (v *version) read(r *record) (values, truths []float64, err error) {
	if values, err = v.one(r.Prediction); err != nil {
		return nil, nil, fmt.Errorf("prediction: %w", err)
	}
	if truths, err = v.one(r.Label); err != nil {
		return nil, nil, fmt.Errorf("label: %w", err)
	}
	if len(values) != v.o.Width || len(truths) != v.o.LabelWidth {
		return nil, nil, fmt.Errorf("%d and %d numbers are predicted and true; expected %d and %d, as in other rows of this version", len(values), len(truths), v.o.Width, v.o.LabelWidth)
	}
	return values, truths, nil
}

func (v *version) one(text string) ([]float64, error) {
	switch v.o.Kind {
	case "class":
		place, known := v.places[text]
		if !known {
			place = len(v.o.Classes)
			v.places[text] = place
			v.o.Classes = append(v.o.Classes, text)
		}
		return []float64{float64(place)}, nil
	case "labels":
		return v.labels(text)
	}
	return numbersOf(text)
}

func (v *version) labels(text string) ([]float64, error) {
	var names []string
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return nil, fmt.Errorf("%q is no JSON list of names", text)
	}
	is := make([]float64, len(v.o.Classes))
	for _, name := range names {
		place, known := v.places[name]
		if !known {
			return nil, fmt.Errorf("the model has no label %q", name)
		}
		is[place] = 1
	}
	return is, nil
}

// numbersOf reads a number, or a JSON list of numbers, of which null is one that is
// not a number.
func numbersOf(text string) ([]float64, error) {
	if !strings.HasPrefix(text, "[") {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", text)
		}
		return []float64{x}, nil
	}
	var list []*float64
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("%q is no JSON list of numbers", text)
	}
	values := make([]float64, len(list))
	for i, x := range list {
		if values[i] = math.NaN(); x != nil {
			values[i] = *x
		}
	}
	return values, nil
}

func (v *version) confidences(r *record) ([]float32, error) {
	if r.Confidence == nil {
		return nil, nil
	}
	list, err := numbersOf(*r.Confidence)
	if err == nil && len(list) != v.o.Width {
		err = errors.New(strconv.Itoa(len(list)) + " numbers; expected " + strconv.Itoa(v.o.Width))
	}
	if err != nil {
		return nil, fmt.Errorf("confidence: %w", err)
	}
	narrow := make([]float32, len(list))
	for i, x := range list {
		narrow[i] = float32(x)
	}
	return narrow, nil
}

// judge does what the judges of package quality do.
func (v *version) judge(values, truths []float64) (verdict quality.Verdict) {
	verdict.Correct = v.o.Kind == "class" || v.o.Kind == "labels"
	if verdict.Correct {
		for i, x := range values {
			verdict.Correct = verdict.Correct && x == truths[i]
		}
		return verdict
	}
	for i, x := range values {
		off := math.Abs(float64(float32(x)) - truths[i])
		verdict.Distance += off
		verdict.Squared += off * off
	}
	if n := float64(len(values)); n > 1 {
		verdict.Distance /= n
		verdict.Squared /= n
	}
	return verdict
}
