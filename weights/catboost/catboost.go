// Package catboost reads models that CatBoost's save_model wrote with format="json",
// of symmetric trees and of others. The format is that of CatBoost's
// catboost/libs/model/model_export/json_model_helpers.cpp.
//
// Categorical features are read where CatBoost took each category by itself (one_hot_max_size)
// and the caller names the categories, for the file has only hashes of them. Models
// with statistics of categories (CTR), with text or with embeddings are refused.
package catboost

import (
	"encoding/json"
	"regexp"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights"
)

// wrong is an error about a field of the file.
func wrong(field, format string, args ...any) error {
	return weights.Wrong("", field, format, args...)
}

const elsewhere = "serve the model by the Python engine: see penstock.export"

// first is how such a file begins: with one of its members.
var first = regexp.MustCompile(`^\s*\{\s*"(ctr_data|features_info|model_info|oblivious_trees|scale_and_bias|trees)"\s*:`)

// Is reports whether a file is such a model, by how it begins.
func Is(data []byte) bool { return first.Match(data[:min(len(data), 256)]) }

// Read reads a model without categorical features. It takes memory of a small multiple
// of the file, whatever the file says. Errors are *weights.BundleError.
//
// Every number may be missing: CatBoost takes such a row, whatever it was trained on.
func Read(data []byte) (trees.Parsed, error) { return ReadNamed(data, nil) }

// ReadNamed is Read for a model whose categories are those of columns, one for each
// feature. What it returns has the model's own names of columns.
func ReadNamed(data []byte, columns []model.Column) (trees.Parsed, error) {
	o := weights.ReadObject("", data)
	known := func(key string, into any) {
		if raw := o.Raw(key); raw != nil {
			if err := json.Unmarshal(raw, into); err != nil {
				o.Fail(wrong(key, "is not as expected: %w", err))
			}
		}
	}
	var info modelInfo
	var features featuresInfo
	var symmetric []symmetricTree
	var others []*branch
	var scaleAndBias []json.RawMessage
	known("model_info", &info)
	known("features_info", &features)
	known("oblivious_trees", &symmetric)
	known("trees", &others)
	known("scale_and_bias", &scaleAndBias)
	o.Raw("ctr_data") // which no split that is taken needs
	if err := o.Done(); err != nil {
		return trees.Parsed{}, err
	}
	if info.Params.LossFunction.Type == "" {
		return trees.Parsed{}, wrong("model_info.params.loss_function", "is missing; expected a model that CatBoost's save_model wrote with format=\"json\"")
	}
	r := reader{f: &trees.Forest{Sum: trees.Float64}}
	if err := r.features(features, columns); err != nil {
		return trees.Parsed{}, err
	}
	if err := r.scaleAndBias(scaleAndBias); err != nil {
		return trees.Parsed{}, err
	}
	if len(symmetric) > 0 && len(others) > 0 || len(symmetric)+len(others) == 0 {
		return trees.Parsed{}, wrong("oblivious_trees", "has %d trees, and trees %d; expected some of one", len(symmetric), len(others))
	}
	if err := r.trees(symmetric, others); err != nil {
		return trees.Parsed{}, err
	}
	p := trees.Parsed{Forest: r.f, Source: info.source(), Columns: r.columns, Missing: r.columns == nil}
	var err error
	r.f.Link, p.Outputs, err = info.outputs(r.f.Sums)
	return p, err
}

type reader struct {
	f          *trees.Forest
	columns    []model.Column
	numbers    map[int]number
	categories map[int]categorical
}

// scaleAndBias reads [scale, [bias, …]], or [scale, bias] of older versions.
func (r *reader) scaleAndBias(raw []json.RawMessage) error {
	var scale float64
	var add []float64
	bad := func() error {
		return wrong("scale_and_bias", "has %d entries; expected a number and a list of numbers", len(raw))
	}
	if len(raw) != 2 || json.Unmarshal(raw[0], &scale) != nil || scale == 0 {
		return bad()
	}
	if json.Unmarshal(raw[1], &add) != nil {
		add = make([]float64, 1)
		if json.Unmarshal(raw[1], &add[0]) != nil {
			return bad()
		}
	}
	if len(add) == 0 {
		return bad()
	}
	r.f.Sums = len(add)
	if scale != 1 {
		r.f.Scale = scale
	}
	for _, x := range add {
		if x != 0 {
			r.f.Add = add
		}
	}
	return nil
}

type modelInfo struct {
	Version string `json:"catboost_version_info"`
	Params  struct {
		LossFunction struct {
			Type string `json:"type"`
		} `json:"loss_function"`
	} `json:"params"`
	Classes struct {
		Names []json.RawMessage `json:"class_names"`
	} `json:"class_params"`
}

var version = regexp.MustCompile(`tags/v([0-9A-Za-z.]{1,20})`)

func (info modelInfo) source() model.Source {
	source := model.Source{Library: "catboost", Format: "JSON"}
	if found := version.FindStringSubmatch(info.Version); found != nil {
		source.Version = found[1]
	}
	return source
}
