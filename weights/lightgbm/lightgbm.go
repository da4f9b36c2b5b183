// Package lightgbm reads models in LightGBM's text format: what save_model writes.
// The format is that of LightGBM's src/boosting/gbdt_model_text.cpp and
// src/io/tree.cpp; versions v2 to v4 of it are alike in what is read here.
//
// What LightGBM does with a row is what its own predictor does with the same
// float32 numbers, widened to float64. Linear trees are refused.
package lightgbm

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights"
)

// wrong is an error about a field of the file.
func wrong(field, format string, args ...any) error {
	return weights.Wrong("", field, format, args...)
}

// Is reports whether a file is such a model, by its first line.
func Is(data []byte) bool {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	return string(bytes.TrimRight(first, "\r")) == "tree"
}

// Read reads a model. It takes memory of a small multiple of the file, whatever the
// file says. Errors are *weights.BundleError.
//
// Columns are there where the file has names of its own, rather than Column_0 and so
// on. Those that were of pandas' type category have their categories.
func Read(data []byte) (trees.Parsed, error) {
	if !Is(data) {
		return trees.Parsed{}, wrong("", "does not begin with the line \"tree\"; expected a model that LightGBM's save_model wrote as text")
	}
	l := &lines{rest: data, values: make(map[string][]byte)}
	l.next()
	head, err := l.fields("the header")
	if err != nil {
		return trees.Parsed{}, err
	}
	h, err := readHeader(head)
	if err != nil {
		return trees.Parsed{}, err
	}
	f := &trees.Forest{Features: len(h.names), Sums: h.sums, Sum: trees.Float64}
	if f.Trees, err = readTrees(l, h.sums); err != nil {
		return trees.Parsed{}, err
	}
	if h.average {
		f.Divide = float64(len(f.Trees) / h.sums)
	}
	parsed := trees.Parsed{Forest: f, Source: model.Source{Library: "lightgbm", Format: "text " + h.version}, Missing: true}
	if f.Link, parsed.Outputs, err = readObjective(h.objective, h.sums); err != nil {
		return trees.Parsed{}, err
	}
	parsed.Columns, err = readColumns(l, h.names, h.infos)
	return parsed, err
}

type header struct {
	version   string
	sums      int
	average   bool // of the trees, rather than their sum
	objective string
	names     []string
	infos     []string // of each feature's values, where the file has them
}

func readHeader(fields map[string][]byte) (h header, err error) {
	h.average, h.objective = fields["average_output"] != nil, string(fields["objective"])
	h.version = strings.ToValidUTF8(string(fields["version"]), "?")
	if h.sums, err = integer("num_tree_per_iteration", fields["num_tree_per_iteration"], 1, 1<<20); err != nil {
		return h, err
	}
	last, err := integer("max_feature_idx", fields["max_feature_idx"], 0, 1<<30)
	if err != nil {
		return h, err
	}
	h.names = strings.Fields(string(fields["feature_names"]))
	if len(h.names) != last+1 {
		return h, wrong("feature_names", "has %d names; expected %d, one more than max_feature_idx: save the model again", len(h.names), last+1)
	}
	if h.infos = strings.Fields(string(fields["feature_infos"])); len(h.infos) != len(h.names) {
		h.infos = nil
	}
	for _, name := range h.names {
		if !utf8.ValidString(name) {
			return h, wrong("feature_names", "has the name %q, which is not UTF-8; rename the column and save the model again", name)
		}
	}
	return h, nil
}

// lines goes through a file line by line.
type lines struct {
	rest   []byte
	ends   string // how the block ended that fields read
	values map[string][]byte
}

func (l *lines) next() (line []byte, ok bool) {
	if len(l.rest) == 0 {
		return nil, false
	}
	line, l.rest, _ = bytes.Cut(l.rest, []byte("\n"))
	return bytes.TrimRight(line, "\r"), true
}

const endOfTrees = "end of trees"

// fields reads lines NAME=VALUE up to the next tree or the end of them. A name that
// stands alone has an empty value. The next call makes the map its own.
func (l *lines) fields(of string) (map[string][]byte, error) {
	fields := l.values
	clear(fields)
	for {
		line, ok := l.next()
		if !ok {
			return nil, wrong(of, "is cut short: the file has no line %q; copy it again", endOfTrees)
		}
		if len(line) == 0 {
			continue
		}
		if l.ends = string(line[:min(len(line), 5)]); l.ends == "Tree=" || string(line) == endOfTrees {
			return fields, nil
		}
		name, value, _ := bytes.Cut(line, []byte("="))
		if _, twice := fields[string(name)]; twice {
			return nil, wrong(of, "has %q twice", clip(name))
		}
		if value == nil {
			value = []byte{}
		}
		fields[string(name)] = value
	}
}

// clip keeps an error readable that quotes a file.
func clip(text []byte) string {
	if len(text) > 60 {
		return fmt.Sprintf("%s…", text[:60])
	}
	return string(text)
}
