// Package forest reads this house's own format for forests of libraries that have no
// file of their own: scikit-learn's. The Python package penstock writes it.
//
// A file is a safetensors file. Its arrays, each of one dimension, are of all trees,
// one after the other:
//
//	tree.nodes     I32  how many inner nodes each tree has
//	tree.leaves    I32  how many leaves
//	tree.sum       I32  the sum that its leaves are added to; −1: a leaf has a value for each
//	node.feature   I32
//	node.threshold F64  a row goes left where its feature is at most this
//	node.missing   U8   1 where a row whose feature is NaN goes left
//	node.left      I32  a node of the tree or, where negative, leaf −1−x of the tree
//	node.right     I32
//	node.set       I32  −1, or the set that a category must be in to go left
//	set.begin      I32  where each set begins in set.words, and the last one ends
//	set.words      I32  bits of 32 categories each, that of the first the lowest
//	leaf.value     F64
//
// Without sets the last arrays of nodes and sets are left out. Nodes come before their
// children. The metadata's member "penstock.forest" is JSON text: see about.
package forest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights"
	"penstock/weights/safetensors"
)

// Format is what Source calls files of this kind.
const Format = "penstock.forest"

// mostFeatures bounds what a file may claim that has no columns.
const mostFeatures = 1 << 20

// wrong is an error about a field of the file.
func wrong(field, format string, args ...any) error {
	return weights.Wrong("", field, format, args...)
}

// Is reports whether a file is such a forest, by its header.
func Is(data []byte) bool {
	if len(data) < 8 {
		return false
	}
	n := binary.LittleEndian.Uint64(data)
	return n <= uint64(len(data)-8) && bytes.Contains(data[8:][:n], []byte(`"`+Format+`"`))
}

// Read reads a forest. It takes memory of a small multiple of the file, whatever the
// file says. Errors are *weights.BundleError.
func Read(data []byte) (trees.Parsed, error) {
	arrays, metadata, err := safetensors.Arrays(data)
	if err != nil {
		return trees.Parsed{}, err
	}
	text, ok := metadata[Format]
	if !ok {
		return trees.Parsed{}, wrong("header", "has no metadata %q; expected a forest that the Python package penstock wrote", Format)
	}
	p, err := readAbout([]byte(text))
	if err != nil {
		return p, err
	}
	p.Forest.Trees, err = readTrees(arrays, p.Forest.Sums)
	return p, err
}

// readAbout reads what is not in arrays: the members of trees.Parsed and of its
// forest, by names of their own.
func readAbout(text []byte) (trees.Parsed, error) {
	f := &trees.Forest{Sum: trees.Float64}
	p := trees.Parsed{Forest: f, Source: model.Source{Format: Format}}
	o := weights.ReadObject(Format, text)
	var version int
	if o.Required("version", &version) && version != 1 {
		o.Refuse("version", "is %d; this version reads 1: update it, or export again", version)
	}
	if o.Required("features", &f.Features) && (f.Features < 1 || f.Features > mostFeatures) {
		o.Refuse("features", "is %d; expected 1 to %d", f.Features, mostFeatures)
	}
	o.Optional("begin", &f.Begin)
	o.Optional("divide", &f.Divide)
	o.Optional("scale", &f.Scale)
	o.Optional("add", &f.Add)
	o.Optional("link", &f.Link.Kind)
	o.Optional("slope", &f.Link.Slope)
	o.Optional("missing", &p.Missing)
	o.Optional("library", &p.Source.Library)
	o.Optional("library_version", &p.Source.Version)
	for _, own := range o.Objects("outputs", 1<<16) {
		var out model.Output
		own.Required("name", &out.Name)
		own.Required("kind", &out.Kind)
		own.Required("width", &out.Width)
		own.Optional("classes", &out.Classes)
		o.Fail(own.Done())
		p.Outputs = append(p.Outputs, out)
	}
	var columns []json.RawMessage
	o.Optional("columns", &columns)
	for i := range columns {
		c, err := readColumn(o, i, columns[i])
		o.Fail(err)
		p.Columns = append(p.Columns, c)
	}
	if err := o.Done(); err != nil {
		return p, err
	}
	spec := model.Spec{Name: Format, Version: "1", Features: f.Features, Outputs: p.Outputs, Columns: p.Columns, Missing: p.Missing}
	if err := spec.Validate(); err != nil {
		return p, wrong(Format, "is not consistent: %w", err)
	}
	f.Sums = spec.Width()
	return p, nil
}

func readColumn(o *weights.Object, i int, data json.RawMessage) (model.Column, error) {
	c := model.Column{Kind: model.Number}
	own := weights.ReadObject(o.At("columns"), data)
	own.Required("name", &c.Name)
	own.Optional("kind", &c.Kind)
	own.Optional("categories", &c.Categories)
	own.Optional("unknown", &c.Unknown)
	own.Optional("missing", &c.Missing)
	if err := own.Done(); err != nil {
		return c, wrong(o.At("columns"), "has an entry %d that cannot be read: %w", i, err)
	}
	return c, nil
}
