// Package xgboost reads the models that XGBoost saves: JSON (model.json, 1.0 and
// later) and UBJSON (model.ubj, 1.6 and later, the default since 2.1).
//
// Boosters of trees are read, gbtree and dart, with each of the library's own
// objectives. Margins are those of XGBoost 1.3 and later bit for bit: leaves are added
// as float32 in the order of the trees, to a sum that begins with the base score.
//
// A model that an XGBModel of the scikit-learn interface saved after early stopping
// ends at its best iteration, as its predict does. One that a Booster saved has all
// of its trees, as Booster.predict does; to end it before, slice it.
package xgboost

import (
	"bytes"
	"errors"
	"fmt"

	"penstock/model"
	"penstock/model/trees"
)

// Library is what people install.
const Library = "xgboost"

// maxFeatures is as many as a model may have.
const maxFeatures = 1 << 24

// errLegacy is about files that are no JSON of either kind.
var errLegacy = errors.New(`is not an XGBoost model in JSON or UBJSON; load it with the XGBoost that wrote it and save it again: booster.save_model("model.ubj")`)

// Read reads a model. Its error is a *weights.BundleError whose field is the path in
// the file. It takes memory of a small multiple of the data.
func Read(data []byte) (trees.Parsed, error) {
	s, format, err := open(data)
	if err != nil {
		return trees.Parsed{}, err
	}
	f := file{budget: 16<<20 + 8*len(data)}
	if err := f.read(s); err != nil {
		return trees.Parsed{}, err
	}
	parsed, err := f.parsed()
	parsed.Source.Format = format
	return parsed, err
}

// Is reports whether data look like a model of this library: whoever reads a file
// that may be of several asks it first.
func Is(data []byte) bool {
	_, format, err := open(data)
	switch {
	case err != nil:
		return false
	case format == "UBJSON":
		return true
	}
	// Members are sorted, so the learner is the file's first.
	_, rest, _ := bytes.Cut(data, []byte(`"`))
	return bytes.HasPrefix(rest, []byte(`learner"`)) || bytes.HasPrefix(rest, []byte(`version"`)) && bytes.Contains(rest, []byte(`"learner"`))
}

// open tells the formats apart.
func open(data []byte) (source, string, error) {
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	if len(trimmed) < 2 || trimmed[0] != '{' {
		return nil, "", wrong("", "%w", errLegacy)
	}
	switch trimmed[1] {
	case 'L', 'i', 'U', 'I', 'l', '#', '$':
		return &ubjsonSource{data: data}, "UBJSON", nil
	case '"', ' ', '\t', '\r', '\n', '}':
		return &jsonSource{data: data}, "JSON", nil
	}
	return nil, "", wrong("", "%w", errLegacy)
}

// parsed puts together what the file has.
func (f *file) parsed() (trees.Parsed, error) {
	none := trees.Parsed{}
	if f.booster != "gbtree" && f.booster != "dart" {
		return none, wrong("learner.gradient_booster.name", "is %q; expected \"gbtree\" or \"dart\": boosters of other kinds have no trees to run", f.booster)
	}
	o, ok := objectives[f.objective]
	if !ok {
		return none, wrong("learner.objective.name", "is %q, which is none of XGBoost's own; set one of them before you save the model, and apply a link of your own to its scores", f.objective)
	}
	if err := f.finish(); err != nil {
		return none, err
	}
	begin, err := f.begin(o)
	if err != nil {
		return none, within("learner.learner_model_param", within("base_score", err))
	}
	columns, err := f.columns()
	if err != nil {
		return none, err
	}
	return trees.Parsed{
		Forest: &trees.Forest{
			Features: f.features, Sums: f.groups, Sum: trees.Float32,
			Begin: begin, Trees: f.trees, Link: trees.Link{Kind: o.link},
		},
		Source:  model.Source{Library: Library, Version: f.version},
		Outputs: o.outputs(f.groups),
		Columns: columns,
		Missing: true,
	}, nil
}

// finish checks that trees fit what the file says of them, and says which sum each
// adds to.
func (f *file) finish() error {
	if f.features < 1 || f.features > maxFeatures {
		return wrong("learner.learner_model_param.num_feature", "is %d; expected 1 to %d", f.features, maxFeatures)
	}
	if err := f.early(); err != nil {
		return err
	}
	const at = "learner.gradient_booster.model"
	if len(f.trees) == 0 {
		return wrong(at+".trees", "is empty; expected at least one tree: train the model before it is saved")
	}
	if len(f.info) < len(f.trees) {
		return wrong(at+".tree_info", "has %d entries; expected one per tree, %d", len(f.info), len(f.trees))
	}
	if f.booster == "dart" && len(f.drop) < len(f.trees) {
		return wrong("learner.gradient_booster.weight_drop", "has %d entries; expected one per tree, %d", len(f.drop), len(f.trees))
	}
	for i := range f.trees {
		if err := f.finishTree(i); err != nil {
			return within(fmt.Sprintf("%s.trees[%d]", at, i), err)
		}
	}
	return nil
}

func (f *file) finishTree(i int) error {
	t, width := &f.trees[i], f.widths[i]
	switch group := int(f.info[i]); {
	case width > 1 && width != f.groups:
		return wrong("tree_param.size_leaf_vector", "is %d; expected 1, or %d, one value per target", width, f.groups)
	case width > 1:
		t.Sum = trees.AllSums
	case group < 0 || group >= f.groups:
		return wrong("", "adds to group %d by tree_info; the model has %d", group, f.groups)
	default:
		t.Sum = group
	}
	if width == 1 && f.groups > len(f.trees) {
		return wrong("", "is one of %d trees, of a model with %d classes or targets; expected at least one for each", len(f.trees), f.groups)
	}
	for _, n := range t.Nodes {
		if n.Feature < 0 || int(n.Feature) >= f.features {
			return wrong("split_indices", "name feature %d; the model has %d", n.Feature, f.features)
		}
	}
	if f.booster == "dart" {
		for k, leaf := range t.Leaves {
			t.Leaves[k] = float64(float32(leaf) * f.drop[i])
		}
	}
	return nil
}

// early leaves out the trees after the best iteration where the scikit-learn
// interface would.
func (f *file) early() error {
	if !f.sklearn || f.best < 0 {
		return nil
	}
	rounds := f.best + 1
	keep := float64(rounds) * float64(max(f.parallel, 1)) // which may be any number
	if len(f.widths) > 0 && f.widths[0] == 1 {
		keep *= float64(f.groups)
	}
	if len(f.rounds) > 0 {
		if rounds >= len(f.rounds) {
			return wrong("learner.attributes.best_iteration", "is %d; the model has %d iterations", f.best, len(f.rounds)-1)
		}
		keep = float64(f.rounds[rounds])
	}
	if keep < 0 || keep > float64(len(f.trees)) {
		return wrong("learner.attributes.best_iteration", "is %d, which takes %v trees; the model has %d", f.best, keep, len(f.trees))
	}
	f.trees = f.trees[:int(keep)]
	return nil
}
