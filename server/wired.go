package server

import (
	"bytes"
	"fmt"
	"sync/atomic"

	"penstock/access"
	"penstock/model"
	"penstock/protocol"
	"penstock/serving"
)

// wired is a deployment as the wire sees it: how its rows are read, and how its
// answers are written.
type wired struct {
	*serving.Deployment
	row    protocol.Row
	format *protocol.ReplyFormat
	form   string // what a client must know to write binary frames and to read them
}

func wire(d *serving.Deployment) *wired {
	spec := &d.Spec
	w := &wired{Deployment: d, row: protocol.Row{
		Features: spec.Features, Shift: spec.Shift, Uint8Scale: spec.Input.Uint8Scale,
	}}
	if len(spec.Columns) > 0 {
		w.row.Columns = protocol.NewColumns(columnsOf(spec))
	}
	if spec.AnyMissing() {
		w.row.MayMiss = make([]bool, spec.Features)
		for i := range w.row.MayMiss {
			w.row.MayMiss[i] = spec.MayMiss(i)
		}
		w.row.Fill = fillOf(spec)
	}
	formats := make([]protocol.NamedFormat, len(d.Outputs))
	for i := range d.Outputs {
		o := &d.Outputs[i]
		formats[i] = protocol.NamedFormat{Name: o.Name, Width: o.Width, Format: o.Format}
	}
	w.format = protocol.NewReplyFormat(spec.Name, spec.Version, formats)
	w.form = fmt.Sprintf("%d %t %#v %#v", spec.Features, spec.Missing, columnsOf(spec), outputsOf(spec))
	return w
}

// fillOf is what engines get in place of a missing value, per feature; nil where
// that is NaN.
func fillOf(spec *model.Spec) []float32 {
	if len(spec.Input.Fill) == 0 {
		return nil
	}
	fill := make([]float32, spec.Features)
	for i := range fill {
		x := spec.Input.Fill[0]
		if len(spec.Input.Fill) > 1 {
			x = spec.Input.Fill[i]
		}
		fill[i] = float32(x - spec.ShiftOf(i))
	}
	return fill
}

// columnsOf are a model's columns in the words of the wire; empty without names.
func columnsOf(spec *model.Spec) []protocol.Column {
	columns := make([]protocol.Column, 0, len(spec.Columns))
	for i, c := range spec.Columns {
		columns = append(columns, protocol.Column{
			Name: c.Name, Kind: string(c.Kind), Categories: c.Categories, Missing: spec.MayMiss(i), Unknown: string(c.Unknown),
		})
	}
	return columns
}

// outputsOf are a model's outputs in the words of the wire.
func outputsOf(spec *model.Spec) []protocol.Output {
	list := make([]protocol.Output, 0, len(spec.Outputs))
	for _, o := range spec.Outputs {
		list = append(list, protocol.Output{
			Name: o.Name, Kind: string(o.Kind), Width: o.Width, Classes: o.Classes, Thresholds: o.Thresholds,
		})
	}
	return list
}

// wiring is a catalog as the wire sees it.
type wiring struct {
	snapshot  *serving.Snapshot
	wired     map[*serving.Deployment]*wired
	order     []told // in the order of hello; nobody may change it
	widest    int    // features of the model that takes most
	mostLabel int    // of a row, numbers or names that a label may have
}

// told is what hello tells of a model that a binary frame calls by its index.
type told struct{ name, form string }

// wirings keeps the wiring of the newest snapshot that somebody asked for.
type wirings struct {
	catalog *serving.Catalog
	now     atomic.Pointer[wiring]
}

// of returns the wiring of the catalog as it is now. Where the catalog has changed,
// whoever asks first makes the new one; who else does meanwhile makes it too.
func (w *wirings) of() *wiring {
	snapshot, was := w.catalog.Now(), w.now.Load()
	if was != nil && was.snapshot == snapshot {
		return was
	}
	is := &wiring{snapshot: snapshot, wired: make(map[*serving.Deployment]*wired, len(snapshot.Deployments))}
	for _, d := range snapshot.Deployments {
		one := (*wired)(nil)
		if was != nil {
			one = was.wired[d]
		}
		if one == nil {
			one = wire(d)
		}
		is.wired[d] = one
		is.widest = max(is.widest, d.Spec.Features)
		is.mostLabel = max(is.mostLabel, d.Series.LabelWidth())
	}
	is.order = is.tell()
	w.now.Store(is)
	return is
}

// tell makes the order. Of several versions of one model all but the first have their
// version in their name.
func (w *wiring) tell() []told {
	order := make([]told, 0, len(w.snapshot.Deployments))
	for _, d := range w.snapshot.Deployments {
		name := d.Spec.Name
		if w.snapshot.Find([]byte(name)) != d {
			name = d.Key
		}
		order = append(order, told{name, w.wired[d].form})
	}
	return order
}

// known are the models that somebody knows of, in the order of hello: those with which
// something is granted.
func (w *wiring) known(grants *access.Grants) []told {
	if grants.KnowsAll() {
		return w.order
	}
	var known []told
	for i, d := range w.snapshot.Deployments { // as tell has them
		if grants.Knows(d.Spec.Name) {
			known = append(known, w.order[i])
		}
	}
	return known
}

// told is find for a model that hello told of. It may have gone since, or a version
// with other columns or classes have come in its place: then its indices mean another
// thing than the client was told.
func (w *wiring) told(one *told) (*wired, *protocol.Error) {
	d := w.snapshot.Find([]byte(one.name))
	switch {
	case d == nil:
		return nil, protocol.Errorf(protocol.UnknownModel, "model %q is not served any more; say hello to see what is", one.name)
	case w.wired[d].form != one.form:
		return nil, protocol.Errorf(protocol.UnknownModel, "model %q has other columns or outputs since version %q; say hello to see them", one.name, d.Spec.Version)
	}
	return w.wired[d], nil
}

// findFor is find for somebody who may know some models alone: the default is the first
// of these, and of others he is not even told whether they are there.
func (w *wiring) findFor(grants *access.Grants, name []byte) (*wired, *protocol.Error) {
	if grants.KnowsAll() {
		return w.find(name)
	}
	for _, d := range w.snapshot.Deployments {
		if grants.Knows(d.Spec.Name) && (len(name) == 0 || w.snapshot.Find(name) == d) {
			return w.wired[d], nil
		}
	}
	return nil, protocol.Errorf(protocol.Forbidden, "%s", access.ErrForbidden)
}

// find returns the model that a message asks for by name, or by NAME@VERSION.
func (w *wiring) find(name []byte) (*wired, *protocol.Error) {
	if d := w.snapshot.Find(name); d != nil {
		return w.wired[d], nil
	}
	if bare, _, ok := bytes.Cut(name, []byte("@")); ok && len(bare) > 0 {
		if d := w.snapshot.Find(bare); d != nil {
			return nil, protocol.Errorf(protocol.UnknownModel, "that version of model %q is not served here; version %q is", d.Spec.Name, d.Spec.Version)
		}
	}
	if d := w.snapshot.Default(); d != nil {
		return nil, protocol.Errorf(protocol.UnknownModel, "no model of that name is served here; the default is %q", d.Spec.Name)
	}
	return nil, protocol.Errorf(protocol.UnknownModel, "no model is served here at the moment")
}
