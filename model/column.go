package model

import (
	"fmt"
)

// ColumnKind says what a client sends for a column.
type ColumnKind string

const (
	// Number is a number, which is the feature.
	Number ColumnKind = "number"
	// Category is one of the column's categories by name; the feature is its index.
	Category ColumnKind = "category"
)

// Unknown says what becomes of a category that is not in a column's list.
type Unknown string

const (
	// Refuse answers the request with an error. It is the default.
	Refuse Unknown = "refuse"
	// AsMissing takes it for a missing value.
	AsMissing Unknown = "missing"
	// Own gives all of them one value of their own: the number of categories.
	Own Unknown = "own"
)

// Column is a named feature of a row.
type Column struct {
	Name string
	Kind ColumnKind
	// Categories are those of a Category, in the order of their indices.
	Categories []string
	Unknown    Unknown
	// Missing says that the feature may be missing.
	Missing bool
}

// MayMiss reports whether a feature may be missing.
func (s Spec) MayMiss(feature int) bool {
	return s.Missing || len(s.Columns) > 0 && s.Columns[feature].Missing
}

// AnyMissing reports whether some feature may be missing.
func (s Spec) AnyMissing() bool {
	for i := range s.Columns {
		if s.Columns[i].Missing {
			return true
		}
	}
	return s.Missing
}

func (s Spec) validateColumns(bad complain) error {
	if n := len(s.Columns); n != 0 && n != s.Features {
		return bad("columns", "has %d entries; expected one per feature, %d, or none", n, s.Features)
	}
	names := make(map[string]int, len(s.Columns))
	for i, c := range s.Columns {
		at := func(field string) string { return fmt.Sprintf("columns[%d].%s", i, field) }
		if c.Name == "" {
			return bad(at("name"), "is empty; give the column a name")
		}
		if first, ok := names[c.Name]; ok {
			return bad(at("name"), "is %q, as is that of column %d; names must be distinct", c.Name, first)
		}
		names[c.Name] = i
		if err := c.validate(s, i, at, bad); err != nil {
			return err
		}
	}
	return nil
}

func (c Column) validate(s Spec, feature int, at func(string) string, bad complain) error {
	if c.Kind == Number {
		if len(c.Categories) != 0 || c.Unknown != "" {
			return bad(at("categories"), "is for a column of kind %q; leave out categories and unknown", Category)
		}
		return nil
	}
	if c.Kind != Category {
		return bad(at("kind"), "is %q; expected %q or %q", c.Kind, Number, Category)
	}
	if len(c.Categories) == 0 {
		return bad(at("categories"), "is empty; name the categories in the order of their indices")
	}
	seen := make(map[string]int, len(c.Categories))
	for i, category := range c.Categories {
		if first, ok := seen[category]; ok {
			return bad(at("categories"), "entries %d and %d are both %q; categories must be distinct", first, i, category)
		}
		seen[category] = i
	}
	switch c.Unknown {
	case "", Refuse, Own:
	case AsMissing:
		if !s.MayMiss(feature) {
			return bad(at("unknown"), "is %q, but the column may not be missing; set missing to true, or choose %q or %q", c.Unknown, Refuse, Own)
		}
	default:
		return bad(at("unknown"), "is %q; expected %q, %q or %q", c.Unknown, Refuse, AsMissing, Own)
	}
	return nil
}
