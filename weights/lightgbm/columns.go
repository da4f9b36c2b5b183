package lightgbm

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"penstock/model"
)

// readColumns reads what comes after the trees: the parameters, and the categories
// of pandas' columns. A category's feature is its code: its place in the list.
func readColumns(l *lines, names, infos []string) ([]model.Column, error) {
	var parameter, pandas []byte
	for line, ok := l.next(); ok; line, ok = l.next() {
		if value, found := bytes.CutPrefix(line, []byte("[categorical_feature: ")); found {
			parameter = bytes.TrimSuffix(value, []byte("]"))
		}
		if value, found := bytes.CutPrefix(line, []byte("pandas_categorical:")); found {
			pandas = value
		}
	}
	lists, err := readCategories(pandas)
	if err != nil {
		return nil, err
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
		if infos != nil && !codes(infos[at], len(lists[i])) {
			return nil, wrong("pandas_categorical", "has %d categories for column %q, whose values %s are no codes of these; train with the columns of pandas' type category as the categorical features, or serve the model by the Python engine", len(lists[i]), c.Name, clip([]byte(infos[at])))
		}
		if len(lists[i]) == 0 { // of nothing but missing values
			continue
		}
		c.Kind, c.Unknown, c.Categories = model.Category, model.AsMissing, lists[i]
	}
	return columns, nil
}

// codes reports whether a feature's values, such as "-1:0:2", are codes of so many
// categories. Of a feature that no split has use for there are none.
func codes(info string, categories int) bool {
	if info == "none" {
		return true
	}
	for word := range strings.SplitSeq(info, ":") {
		if code, err := strconv.Atoi(word); err != nil || code < -1 || code >= categories {
			return false
		}
	}
	return true
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

// readCategories reads a list of each column's categories, or null.
func readCategories(text []byte) (lists [][]string, err error) {
	bad := func(err error) error {
		return wrong("pandas_categorical", "is no JSON of lists of categories: %w", err)
	}
	if text == nil {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	open, err := dec.Token()
	if err != nil {
		return nil, bad(err)
	}
	if open == nil {
		return nil, nil
	}
	if open != json.Delim('[') {
		return nil, bad(errors.New("expected a list"))
	}
	all := make([]string, 0, bytes.Count(text, []byte(","))+1)
	for dec.More() {
		if open, err = dec.Token(); err != nil {
			return nil, bad(err)
		}
		if open != json.Delim('[') {
			return nil, bad(errors.New("expected lists in the list"))
		}
		from := len(all)
		var value json.RawMessage // one by one, and in one place
		for dec.More() {
			if err := dec.Decode(&value); err != nil {
				return nil, bad(err)
			}
			name, err := categoryName(value)
			if err != nil {
				return nil, wrong("pandas_categorical", "has the category %s; expected a string, a number or a boolean", clip(value))
			}
			all = append(all, name)
		}
		if _, err := dec.Token(); err != nil {
			return nil, bad(err)
		}
		lists = append(lists, all[from:len(all):len(all)])
	}
	if _, err := dec.Token(); err != nil {
		return nil, bad(err)
	}
	return lists, nil
}

// categoryName is a category as Python's str writes it.
func categoryName(value json.RawMessage) (name string, err error) {
	switch c := value[0]; {
	case c == '"':
		err = json.Unmarshal(value, &name)
		return name, err
	case c == 't':
		return "True", nil
	case c == 'f':
		return "False", nil
	case c == '-' || c >= '0' && c <= '9':
		return string(value), nil
	}
	return "", errors.New("of another type")
}
