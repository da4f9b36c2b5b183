package xgboost

import (
	"errors"
	"math"

	"penstock/weights"
)

// source reads a model's values one after the other, whatever the format. Nothing
// of what is skipped is kept.
type source interface {
	// object calls each with the name of every member; each takes its value.
	object(each func(name string) error) error
	// array calls each for every entry; each takes it.
	array(each func() error) error
	// isArray reports whether the next value is one.
	isArray() bool
	text() (string, error)
	// number takes a number, or a boolean as 0 or 1.
	number() (float64, error)
	skip() error
	// end checks that nothing is left.
	end() error
}

// maxDepth is how deep values that are skipped may nest; models need ten levels.
const maxDepth = 64

func wrong(field, format string, args ...any) error {
	return weights.Wrong("", field, format, args...)
}

// within says that an error is about a member of name.
func within(name string, err error) error {
	var e *weights.BundleError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return wrong(name, "%w", err)
	case e.Field == "":
		e.Field = name
	case e.Field[0] == '[':
		e.Field = name + e.Field
	default:
		e.Field = name + "." + e.Field
	}
	return e
}

// members hands each member of an object to the reader of its name, and skips those
// that have none.
func members(s source, readers map[string]func() error) error {
	return s.object(func(name string) error {
		read := readers[name]
		if read == nil {
			return s.skip()
		}
		return within(name, read())
	})
}

// floats reads an array of numbers as float32.
func floats(s source, into *[]float32) func() error {
	return func() error {
		*into = nil
		return s.array(func() error {
			x, err := s.number()
			*into = append(*into, float32(x))
			return err
		})
	}
}

// ints reads an array of whole numbers that fit 32 bits.
func ints(s source, into *[]int32) func() error {
	return func() error {
		*into = nil
		return s.array(func() error {
			x, err := s.number()
			if err == nil && (x != math.Trunc(x) || x < math.MinInt32 || x > math.MaxInt32) {
				err = wrong("", "holds %v; expected whole numbers of 32 bits", x)
			}
			*into = append(*into, int32(x))
			return err
		})
	}
}

// texts reads an array of strings.
func texts(s source, into *[]string) func() error {
	return func() error {
		*into = nil
		return s.array(func() error {
			x, err := s.text()
			*into = append(*into, x)
			return err
		})
	}
}

func text(s source, into *string) func() error {
	return func() (err error) {
		*into, err = s.text()
		return err
	}
}
