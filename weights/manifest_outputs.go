package weights

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"penstock/model"
)

// The most outputs that a manifest may describe, and the most scores of a row.
const (
	maxOutputs = 64
	maxScores  = 1 << 20
)

// readOutputs reads what a row is answered with: outputs, or task and classes,
// which stand for one of them.
func (m *manifest) readOutputs(o *Object) {
	outputs := &m.about.Spec.Outputs
	if _, ok := o.members["outputs"]; !ok {
		m.short = true
		*outputs = readTask(o)
		return
	}
	for _, short := range []string{"task", "classes"} {
		if _, ok := o.members[short]; ok {
			o.Refuse(short, "stands beside outputs, which say the same and more: leave %s out", short)
		}
	}
	members := o.Objects("outputs", maxOutputs)
	for _, member := range members {
		output, err := readOutput(member, len(members) == 1)
		o.Fail(err)
		*outputs = append(*outputs, output)
	}
}

// ReadOutputs reads outputs as a manifest has them: an array of objects.
func ReadOutputs(data json.RawMessage) ([]model.Output, error) {
	o := ReadObject("", slices.Concat([]byte(`{"outputs":`), data, []byte(`}`)))
	var m manifest
	m.readOutputs(o)
	return m.about.Spec.Outputs, o.Done()
}

func readTask(o *Object) []model.Output {
	var task string
	var classes []string
	o.Required("task", &task)
	o.Optional("classes", &classes)
	switch task {
	case "classification":
		return model.OneOf(classes...)
	case "regression":
		outputs := model.OneValue()
		outputs[0].Classes = classes // which are refused with all else that makes no sense
		return outputs
	}
	o.Refuse("task", "is %q; expected \"classification\" or \"regression\", or the field outputs in its place", task)
	return nil
}

func readOutput(o *Object, only bool) (model.Output, error) {
	var output model.Output
	var kind string
	if only {
		output.Name = model.PredictionName
		o.Optional("name", &output.Name)
	} else {
		o.Required("name", &output.Name)
	}
	o.Required("kind", &kind)
	output.Kind = model.Kind(kind)
	o.Optional("classes", &output.Classes)
	o.Optional("thresholds", &output.Thresholds)
	switch output.Kind {
	case model.Class, model.Labels:
		output.Width = len(output.Classes)
		o.Optional("width", &output.Width)
	case model.Values:
		output.Width = 1
		o.Optional("width", &output.Width)
	case model.Vector: // only whoever made it knows
		o.Required("width", &output.Width)
	default: // which is refused
		o.Optional("width", &output.Width)
	}
	return output, o.Done()
}

// checkOutputs looks at what model.Spec does not.
func (m *manifest) checkOutputs() error {
	for i, output := range m.about.Spec.Outputs {
		at := func(field string) string { return m.output(i, field) }
		if !readable(output.Name) {
			return wrong(at("name"), "is %q; expected 1 to %d bytes of printable characters", output.Name, maxLabel)
		}
		if !plainName.MatchString(string(output.Kind)) {
			return wrong(at("kind"), "is %q; expected %q, %q, %q or %q", output.Kind, model.Class, model.Labels, model.Values, model.Vector)
		}
		if output.Width > maxScores {
			return wrong(at("width"), "is %d; at most %d scores are supported", output.Width, maxScores)
		}
		for j, class := range output.Classes {
			if class == "" || len(class) > maxLabel || strings.ContainsFunc(class, unicode.IsControl) {
				return wrong(fmt.Sprintf("%s[%d]", at("classes"), j), "is %q; expected 1 to %d bytes without control characters", class, maxLabel)
			}
		}
	}
	if width := m.about.Spec.Width(); width > maxScores {
		return wrong("outputs", "have %d scores; at most %d are supported", width, maxScores)
	}
	return nil
}

// output is the path of an output's field.
func (m *manifest) output(i int, field string) string {
	if m.short {
		return field
	}
	return fmt.Sprintf("outputs[%d].%s", i, field)
}

// readable tells whether text can be a key in JSON that people read.
func readable(text string) bool {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	return text != "" && len(text) <= maxLabel && !strings.ContainsFunc(text, odd)
}

func isClass(o model.Output) bool { return o.Kind == model.Class }

// isRightOrWrong tells whether answers of a kind are right or wrong.
func isRightOrWrong(kind model.Kind) bool { return kind == model.Class || kind == model.Labels }

// called is what errors call a model of a kind.
func called(kind model.Kind) string {
	if kind == model.Values {
		return "a regression"
	}
	return fmt.Sprintf("an output of kind %q", kind)
}
