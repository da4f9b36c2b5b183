package protocol

import (
	"fmt"
	"math"
	"strings"
)

// Column is a named feature, in hello and /api/models.
type Column struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"` // "number" or "category"
	Categories []string `json:"categories,omitempty"`
	Missing    bool     `json:"missing,omitempty"` // null, and leaving it out, are allowed
	// Unknown says what becomes of a category that is not among them: "refuse",
	// "missing", or "own", a value of its own.
	Unknown string `json:"unknown,omitempty"`
}

// Columns finds features, and their categories, by their names.
type Columns struct {
	columns  []column
	features map[string]int
	some     bool // are categories
}

type column struct {
	Column
	indices map[string]int // of categories
}

// NewColumns prepares the columns of a model, which are its features in their order.
func NewColumns(columns []Column) *Columns {
	c := &Columns{features: make(map[string]int, len(columns))}
	for feature, one := range columns {
		prepared := column{Column: one}
		if one.Kind == "category" {
			c.some = true
			prepared.indices = make(map[string]int, len(one.Categories))
			for i, category := range one.Categories {
				prepared.indices[category] = i
			}
		}
		c.features[one.Name] = feature
		c.columns = append(c.columns, prepared)
	}
	return c
}

// categories reports whether some columns are categories.
func (c *Columns) categories() bool { return c != nil && c.some }

// at is the column of a feature; without names it is a number.
func (c *Columns) at(feature int) *column {
	if c == nil {
		return &number
	}
	return &c.columns[feature]
}

var number = column{Column: Column{Kind: "number"}}

func (c *Columns) name(feature int) string { return c.columns[feature].Name }

// longestPlain is how long a name with escapes may be to be read without memory for
// it.
const longestPlain = 128

func (c *Columns) find(s *scanner, key text) (feature int, ok bool) {
	var buf [longestPlain]byte
	feature, ok = c.features[string(s.name(key, buf[:]))]
	return feature, ok
}

func (c *column) index(s *scanner, t text) (index int, ok bool) {
	var buf [longestPlain]byte
	index, ok = c.indices[string(s.name(t, buf[:]))]
	return index, ok
}

func (c *column) isCategory() bool { return c.indices != nil }

// wanted says what is to be sent for a column.
func (c *column) wanted() string {
	if c.isCategory() {
		return "one of " + listed(c.Categories)
	}
	return "a number"
}

// names lists the columns for an error.
func (c *Columns) names() string {
	names := make([]string, 0, len(c.columns))
	for i := range c.columns {
		names = append(names, c.columns[i].Name)
	}
	return listed(names)
}

// listed names the first few of a list.
func listed(names []string) string {
	const shown = 5
	var quoted []string
	for _, name := range names[:min(len(names), shown)] {
		quoted = append(quoted, fmt.Sprintf("%q", shorten([]byte(name))))
	}
	if len(names) > shown {
		return fmt.Sprintf("%s, … (%d)", strings.Join(quoted, ", "), len(names))
	}
	return strings.Join(quoted, ", ")
}

// checkCategories refuses indices of binary rows that are none: they are whole, from 0
// on, and below the number of categories, or that where unknown ones have a value of
// their own. Elsewhere an unknown one is NaN, as what is missing is.
func (r *Row) checkCategories(values []float32) *Error {
	for i, v := range values {
		feature := i % r.Features
		c := &r.Columns.columns[feature]
		if !c.isCategory() || v != v {
			continue
		}
		most := len(c.Categories) - 1
		if c.Unknown == "own" {
			most++
		}
		if x := float64(v); x < 0 || x > float64(most) || x != math.Trunc(x) {
			return Errorf(BadFeatures, "row %d, entry %d is %v; %q is a category: send its index, 0 to %d", i/r.Features, feature, v, c.Name, most)
		}
	}
	return nil
}
