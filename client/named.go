package client

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"

	"penstock/protocol"
)

func appendNamedRows(dst []byte, rows []map[string]any) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, row := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendNamed(dst, row, i); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendNamed appends a row by the names of its columns, in the order of these, so
// that one row always has one form.
func appendNamed(dst []byte, features map[string]any, row int) (_ []byte, err error) {
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(features)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, name), ':')
		if dst, err = appendNamedValue(dst, features[name], row, name); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendNamedValue(dst []byte, value any, row int, name string) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return appendString(dst, v), nil
	case float64:
		return appendNamedNumber(dst, v, 64, row, name)
	case float32:
		return appendNamedNumber(dst, float64(v), 32, row, name)
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	}
	// What remains are narrower numbers, types of the caller's own, and pointers,
	// which are how many hold what may be missing.
	switch v := reflect.ValueOf(value); {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return append(dst, "null"...), nil
	case v.Kind() == reflect.Pointer && v.Elem().Kind() != reflect.Pointer:
		return appendNamedValue(dst, v.Elem().Interface(), row, name)
	case v.Kind() == reflect.String:
		return appendString(dst, v.String()), nil
	case v.CanInt():
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case v.CanUint():
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case v.CanFloat():
		return appendNamedNumber(dst, v.Float(), v.Type().Bits(), row, name)
	}
	return dst, protocol.Errorf(protocol.BadFeatures, "row %d, %q is a %T; send a number, a string for a category, or nil for what is missing", row, name, value)
}

func appendNamedNumber(dst []byte, f float64, bits, row int, name string) ([]byte, error) {
	switch {
	case math.IsNaN(f):
		return append(dst, "null"...), nil
	case math.IsInf(f, 0):
		return dst, protocol.Errorf(protocol.BadFeatures, "row %d, %q is %v; send a finite number, or nil for what is missing", row, name, f)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits), nil
}
