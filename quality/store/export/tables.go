package export

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// records gives the rows of a table one after another, and then io.EOF.
func records(f Format, r io.ReaderAt, size int64) (func() (record, error), error) {
	switch f {
	case CSV:
		return csvRecords(io.NewSectionReader(r, 0, size))
	case Parquet:
		return parquetRecords(r, size)
	}
	return nil, fmt.Errorf("the format is %q; expected csv or parquet", f)
}

// required are the columns that a table must have.
var required = []string{"model", "version", "predicted_at", "request_id", "prediction", "label"}

func checkColumns(names []string) error {
	var missing []string
	for _, name := range required {
		if !slices.Contains(names, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the table has no column %s; expected %s, and as they are there %s",
			strings.Join(missing, " and no "), strings.Join(required, ", "), strings.Join(Columns(), ", "))
	}
	return nil
}

func csvRecords(r io.Reader) (func() (record, error), error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	names, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the table is empty; expected a line of names")
	}
	if err != nil {
		return nil, err
	}
	if len(names) > 0 {
		names[0] = strings.TrimPrefix(names[0], "\ufeff") // as spreadsheets write it
	}
	names = slices.Clone(names)
	if err := checkColumns(names); err != nil {
		return nil, err
	}
	return func() (record, error) {
		line, err := in.Read()
		if err != nil {
			return record{}, err
		}
		return parse(names, line)
	}, nil
}

// parse reads a line. Columns of other names mean nothing.
func parse(names, line []string) (r record, err error) {
	for i, name := range names {
		if fieldErr := set(&r, name, line[i]); fieldErr != nil {
			return r, fmt.Errorf("%s: %w", name, fieldErr)
		}
	}
	if r.LabelledAt == 0 {
		r.LabelledAt = r.PredictedAt
	}
	return r, nil
}

func set(r *record, name, text string) error {
	switch name {
	case "model":
		r.Model = text
	case "version":
		r.Version = text
	case "request_id":
		r.RequestID = text
	case "caller":
		r.Caller = unguarded(text)
	case "prediction":
		r.Prediction = text
	case "label":
		r.Label = text
	case "predicted_at":
		return setMoment(&r.PredictedAt, text)
	default:
		if text != "" {
			return setOptional(r, name, text)
		}
	}
	return nil
}

func setOptional(r *record, name, text string) error {
	switch name {
	case "labelled_at":
		return setMoment(&r.LabelledAt, text)
	case "row":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		r.Row = n
	case "confidence":
		r.Confidence = &text
	case "correct":
		return setParsed(&r.Correct, text, strconv.ParseBool)
	case "covered":
		return setParsed(&r.Covered, text, strconv.ParseBool)
	case "shown_confidence":
		return setParsed(&r.ShownConfidence, text, parseFloat)
	case "probability":
		return setParsed(&r.Probability, text, parseFloat)
	case "squares":
		return setParsed(&r.Squares, text, parseFloat)
	case "set_size":
		return setParsed(&r.SetSize, text, func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
	}
	return nil
}

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

func setParsed[T any](into **T, text string, parse func(string) (T, error)) error {
	x, err := parse(text)
	if err != nil {
		return fmt.Errorf("%q is no %s", text, wanted[T]())
	}
	*into = &x
	return nil
}

// wanted is what people call a value of a type.
func wanted[T any]() string {
	var x T
	switch any(x).(type) {
	case bool:
		return "true or false"
	case int64:
		return "whole number"
	}
	return "number"
}

func setMoment(into *int64, text string) error {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("%q is no time as 2026-03-14T09:26:53.5Z", text)
	}
	if year := at.Year(); year < 1700 || year > 2200 {
		return fmt.Errorf("the year %d is out of range", year)
	}
	*into = at.UnixNano()
	return nil
}

// parquetRecords reads a file with the types that Write gives its columns. The library
// panics on some damaged files, which becomes an error here.
func parquetRecords(r io.ReaderAt, size int64) (next func() (record, error), err error) {
	defer recovered(&err)
	file, err := parquet.OpenFile(r, size)
	if err != nil {
		return nil, err
	}
	var names []string
	types := make(map[string]parquet.Kind)
	for _, field := range file.Schema().Fields() {
		names = append(names, field.Name())
		if field.Leaf() {
			types[field.Name()] = field.Type().Kind()
		}
	}
	if err := checkColumns(names); err != nil {
		return nil, err
	}
	_, sure := types["confidence"]
	texts := types["confidence"] == parquet.ByteArray
	switch {
	case types["prediction"] == parquet.Double:
		return parquetRows(file, func(r row[float64, *float64]) record { return turned(r, digits, writeMaybe) }), nil
	case sure && texts:
		return parquetRows(file, func(r record) record { return r }), nil
	default:
		same := func(s string) string { return s }
		return parquetRows(file, func(r row[string, *float64]) record { return turned(r, same, writeMaybe) }), nil
	}
}

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the Parquet file is damaged: %v", p)
	}
}

func parquetRows[P, C any](file *parquet.File, turn func(row[P, C]) record) func() (record, error) {
	in := parquet.NewGenericReader[row[P, C]](file)
	rows := make([]row[P, C], 1024)
	have := rows[:0]
	ended := false
	return func() (r record, err error) {
		defer recovered(&err)
		for len(have) == 0 {
			if ended {
				return record{}, errors.Join(io.EOF, in.Close())
			}
			clear(rows)
			n, err := in.Read(rows)
			if err != nil && !errors.Is(err, io.EOF) {
				return record{}, err
			}
			ended = err != nil
			have = rows[:n]
		}
		r, have = turn(have[0]), have[1:]
		if r.LabelledAt == 0 {
			r.LabelledAt = r.PredictedAt
		}
		return r, nil
	}
}
