package serving

import (
	"penstock/inference"
	"penstock/model"
	"penstock/outputs"
	"penstock/quality"
)

// Deployment is one version of one model, being served. It never changes.
type Deployment struct {
	// Key is NAME@VERSION.
	Key  string
	Spec model.Spec
	// Pool runs it. Whoever added the deployment owns the goroutine of its Run.
	Pool *inference.Pool
	// Series is its predictions and labels.
	Series *quality.Series
	// Outputs are as in Spec: the first is the prediction.
	Outputs []outputs.Output
	Facts   Facts
	Weight  float64

	width    int // of a row's scores
	rowBytes int
	setBytes int
}

func newDeployment(of Candidate, pool *inference.Pool, series *quality.Series, made []outputs.Output) *Deployment {
	spec := of.Model.Spec()
	d := &Deployment{
		Key: key(spec.Name, spec.Version), Spec: spec, Pool: pool, Series: series, Outputs: made,
		Facts: of.Facts, Weight: of.Weight, width: spec.Width(),
	}
	decided := 0
	for i := range made {
		decided += 2 * made[i].Format.ValueWidth()
	}
	d.rowBytes = bytesOfFloat * (spec.Features + d.width + decided)
	if first := d.First(); first.Output.Kind == model.Class {
		d.setBytes = bytesOfEnd + bytesOfMember*len(first.Classes)
	}
	return d
}

const bytesOfFloat = 4

// A class in a set, and where a row's set ends.
const bytesOfMember, bytesOfEnd = 2, 4

// Width is how many scores a row has.
func (d *Deployment) Width() int { return d.width }

// RowBytes is what a row on its way takes: its features, its scores, and what is
// decided from them.
func (d *Deployment) RowBytes() int { return d.rowBytes }

// SetBytes is what a row's set takes at most, where one is asked for.
func (d *Deployment) SetBytes() int { return d.setBytes }

// First is the output that is the prediction.
func (d *Deployment) First() *outputs.Output { return &d.Outputs[0] }

// Task is the word on the wire for what the model does.
func (d *Deployment) Task() string { return d.First().Kind.Task }
