package lightgbm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"penstock/model"
)

// readColumns reads what comes after the trees: the parameters, and the categories
// of pandas' columns. A category's feature is its code: its place in the list.
func readColumns(l *lines, names []string) ([]model.Column, error) {
	var parameter, pandas []byte
	for line, ok := l.next(); ok; line, ok = l.next() {
		if value, found := bytes.CutPrefix(line, []byte("[categorical_feature: ")); found {
			parameter = bytes.TrimSuffix(value, []byte("]"))
		}
		if value, found := bytes.CutPrefix(line, []byte("pandas_categorical:")); found {
			pandas = value
		}
	}
	var lists [][]json.RawMessage
	if pandas != nil {
		if err := json.Unmarshal(pandas, &lists); err != nil {
			return nil, wrong("pandas_categorical", "is no JSON of lists of categories: %w", err)
		}
	}
	if len(lists) == 0 && unnamed(names) {
		return nil, nil
	}
	columns := make([]model.Column, len(names))
	for i, name := range names {
		columns[i] = model.Column{Name: name, Kind: model.Number, Missing: true}
	}
	if len(lists) == 0 {
		return columns, nil
	}
	which, err := categoricalColumns(string(parameter), len(names))
	if err != nil {
		return nil, err
	}
	if len(which) != len(lists) {
		// An ordered category is a list, but no categorical feature: nothing in the
		// file says which column it is.
		return nil, wrong("pandas_categorical", "has the categories of %d columns, but categorical_feature has %d columns; train with the columns of pandas' type category as the categorical features, or serve the model by the Python engine", len(lists), len(which))
	}
	for i, at := range which {
		c := &columns[at]
		if len(lists[i]) == 0 { // of nothing but missing values
			continue
		}
		c.Kind, c.Unknown = model.Category, model.AsMissing
		for _, value := range lists[i] {
			name, err := categoryName(value)
			if err != nil {
				return nil, wrong("pandas_categorical", "has, of column %q, the category %s; expected a string, a number or a boolean", c.Name, clip(value))
			}
			c.Categories = append(c.Categories, name)
		}
	}
	return columns, nil
}

// unnamed reports whether names are those that LightGBM gives.
func unnamed(names []string) bool {
	for i, name := range names {
		if name != "Column_"+strconv.Itoa(i) {
			return false
		}
	}
	return true
}

func categoricalColumns(parameter string, features int) (which []int, err error) {
	for word := range strings.SplitSeq(parameter, ",") {
		if word == "" {
			continue
		}
		at, err := strconv.Atoi(word)
		if err != nil || at < 0 || at >= features {
			return nil, wrong("categorical_feature", "has %q; expected the indices of columns, 0 to %d", clip([]byte(word)), features-1)
		}
		which = append(which, at)
	}
	slices.Sort(which)
	return slices.Compact(which), nil
}

// categoryName is a category as Python's str writes it.
func categoryName(value json.RawMessage) (string, error) {
	var decoded any
	if err := json.Unmarshal(value, &decoded); err != nil {
		return "", err
	}
	switch v := decoded.(type) {
	case string:
		return v, nil
	case float64:
		return string(value), nil
	case bool:
		return map[bool]string{true: "True", false: "False"}[v], nil
	}
	return "", fmt.Errorf("of type %T", decoded)
}
