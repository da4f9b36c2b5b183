package catboost

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	"penstock/model"
)

type featuresInfo struct {
	Float []struct {
		feature
		Missing string `json:"nan_value_treatment"`
	} `json:"float_features"`
	Categorical []feature         `json:"categorical_features"`
	Text        []json.RawMessage `json:"text_features"`
	Embedding   []json.RawMessage `json:"embedding_features"`
	Statistics  []json.RawMessage `json:"ctrs"`
}

type feature struct {
	Name  string `json:"feature_id"`
	Index int    `json:"feature_index"`      // among those of its kind
	Flat  int    `json:"flat_feature_index"` // among all
}

// number is a float feature: where it is in a row, and where a missing one goes.
type number struct {
	feature     int32
	missingLeft bool
}

// categorical is a categorical feature: where it is in a row, and which of its
// categories have a hash.
type categorical struct {
	feature int32
	codes   map[int32][]int
}

func (r *reader) features(info featuresInfo, columns []model.Column) error {
	for name, some := range map[string][]json.RawMessage{"ctrs": info.Statistics, "text_features": info.Text, "embedding_features": info.Embedding} {
		if len(some) > 0 {
			return wrong("features_info."+name, "has %d entries; these are not served natively: %s", len(some), elsewhere)
		}
	}
	n := len(info.Float) + len(info.Categorical)
	own := make([]model.Column, n)
	take := func(f feature, kind model.ColumnKind) error {
		if f.Flat < 0 || f.Flat >= n || own[f.Flat].Name != "" {
			return wrong("features_info", "has the feature %q at place %d; expected %d features at distinct places from zero", f.Name, f.Flat, n)
		}
		own[f.Flat] = model.Column{Name: cmp.Or(f.Name, strconv.Itoa(f.Flat)), Kind: kind, Missing: kind == model.Number}
		return nil
	}
	r.numbers, r.categories = make(map[int]number), make(map[int]categorical)
	for _, f := range info.Float {
		if err := take(f.feature, model.Number); err != nil {
			return err
		}
		switch f.Missing {
		case "", "AsIs", "AsFalse", "AsTrue":
		default:
			return wrong("features_info.float_features", "has nan_value_treatment %q; expected AsIs, AsFalse or AsTrue", f.Missing)
		}
		r.numbers[f.Index] = number{int32(f.Flat), f.Missing != "AsTrue"}
	}
	for _, f := range info.Categorical {
		if err := take(f, model.Category); err != nil {
			return err
		}
		if f.Flat >= len(columns) || columns[f.Flat].Kind != model.Category {
			return wrong("features_info.categorical_features", "has %q, column %d, and the file has no names of its categories; name them in the manifest's columns, as penstock.export does", f.Name, f.Flat)
		}
		c := categorical{int32(f.Flat), make(map[int32][]int)}
		for code, name := range columns[f.Flat].Categories {
			h := int32(uint32(hash([]byte(name))))
			c.codes[h] = append(c.codes[h], code)
		}
		own[f.Flat].Categories, own[f.Flat].Unknown = slices.Clone(columns[f.Flat].Categories), model.Own
		r.categories[f.Index] = c
	}
	if n == 0 {
		return wrong("features_info", "has no features; expected one at least")
	}
	r.f.Features = n
	if !unnamed(own) {
		r.columns = own
	}
	return nil
}

// unnamed reports whether columns are numbers with the names that CatBoost gives.
func unnamed(columns []model.Column) bool {
	for i, c := range columns {
		if c.Kind != model.Number || c.Name != strconv.Itoa(i) {
			return false
		}
	}
	return true
}
