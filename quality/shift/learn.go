package shift

import (
	"slices"
	"strconv"

	"penstock/model"
)

// learnRows is how many rows the reference of predictions and confidences is made of.
// The model's answers to the rows that it was trained on are none: it knows these too
// well, and is surer of them than of any others.
const learnRows = 5000

// mostAnswers bounds how many numbers of a prediction are watched: the first ones.
const mostAnswers = 16

// learning gathers what predictions and confidences usually are.
type learning struct {
	names      []string
	categories [][]string // of each, nil for a number
	samples    [][]float32
	done       bool
}

// learningOf says what there is to learn of a model's first output.
func learningOf(spec model.Spec) learning {
	var l learning
	add := func(name string, categories []string) {
		l.names = append(l.names, name)
		l.categories = append(l.categories, categories)
	}
	first := spec.First()
	switch first.Kind {
	case model.Class:
		add("prediction", first.Classes)
	case model.Labels:
		for _, class := range first.Classes[:min(len(first.Classes), mostAnswers)] {
			add("prediction "+class, []string{"no", "yes"})
		}
	default:
		for i := range min(first.Width, mostAnswers) {
			add("prediction "+strconv.Itoa(i), nil)
		}
		if first.Width == 1 {
			l.names[0] = "prediction"
		}
	}
	add("confidence", nil)
	l.samples = make([][]float32, len(l.names))
	return l
}

// addAnswer learns from a row's answer, or compares it with what was learned.
func (d *Detector) addAnswer(prediction []float32, confidence float32) {
	l := &d.learned
	last := len(l.names) - 1
	features := len(d.parts)
	if l.done {
		features -= len(l.names)
	}
	for i := range l.names {
		x := nan
		if i == last {
			x = confidence
		} else if i < len(prediction) {
			x = prediction[i]
		}
		if l.done {
			d.parts[features+i].add(x)
		} else {
			l.samples[i] = append(l.samples[i], x)
		}
	}
}

// finishLearning makes a reference of what was gathered, at the end of a half. The
// window that follows has rows that were not learned from alone.
func (d *Detector) finishLearning() {
	l := &d.learned
	if l.done || len(l.samples[0]) < learnRows {
		return
	}
	for i, name := range l.names {
		bins := model.NewBins(l.samples[i], len(l.categories[i]), 0)
		d.parts = append(d.parts, partOf(name, bins, 0, l.categories[i]))
	}
	l.samples, l.done = nil, true
	d.parts = slices.Clip(d.parts)
}
