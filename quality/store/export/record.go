package export

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"penstock/quality"
)

// row is a row of a table, with the type of its predictions and labels and that of its
// confidences. Times are Unix nanoseconds. Pointers are nil where there is nothing.
type row[P, C any] struct {
	Model           string   `parquet:"model,dict"`
	Version         string   `parquet:"version,dict"`
	PredictedAt     int64    `parquet:"predicted_at,timestamp(nanosecond),delta"`
	LabelledAt      int64    `parquet:"labelled_at,timestamp(nanosecond),delta"`
	RequestID       string   `parquet:"request_id"`
	Row             int64    `parquet:"row"`
	Caller          string   `parquet:"caller,dict"`
	Prediction      P        `parquet:"prediction"`
	Label           P        `parquet:"label"`
	Correct         *bool    `parquet:"correct,optional"`
	Confidence      C        `parquet:"confidence,optional"`
	ShownConfidence *float64 `parquet:"shown_confidence,optional"`
	Probability     *float64 `parquet:"probability,optional"`
	Squares         *float64 `parquet:"squares,optional"`
	SetSize         *int64   `parquet:"set_size,optional"`
	Covered         *bool    `parquet:"covered,optional"`
}

// record is a row whose predictions, labels and confidences are texts.
type record = row[string, *string]

// Columns are the names of a table's columns, in their order.
func Columns() []string {
	return []string{
		"model", "version", "predicted_at", "labelled_at", "request_id", "row", "caller",
		"prediction", "label", "correct", "confidence", "shown_confidence", "probability", "squares", "set_size", "covered",
	}
}

// recordOf is row i of o.
func recordOf(o *quality.Outcomes, i int) (record, error) {
	r := record{
		Model: o.Model, Version: o.Version, PredictedAt: o.Predicted[i], LabelledAt: o.Labelled[i],
		RequestID: quality.WrittenID(o.IDs[i]), Row: int64(o.Rows[i]), Caller: o.Callers[i],
	}
	var err error
	if r.Prediction, err = text(o, widen(o.Values[i*o.Width:(i+1)*o.Width])); err != nil {
		return r, err
	}
	if r.Label, err = text(o, o.Truths[i*o.LabelWidth:(i+1)*o.LabelWidth]); err != nil {
		return r, err
	}
	if o.Kind != "values" {
		r.Correct = &o.Verdicts[i].Correct
	}
	if len(o.Confidences) > 0 {
		list := numberText(widen(o.Confidences[i*o.Width:(i+1)*o.Width]), o.Kind == "labels")
		r.Confidence = &list
	}
	r.ShownConfidence = number(o.Shown, i)
	r.Probability = number(o.Probability, i)
	r.Squares = number(o.Squares, i)
	if len(o.SetSize) > 0 && o.SetSize[i] > 0 {
		size := int64(o.SetSize[i])
		r.SetSize, r.Covered = &size, &o.Covered[i]
	}
	return r, nil
}

func number(column []float32, i int) *float64 {
	if len(column) == 0 {
		return nil
	}
	x := float64(column[i])
	return &x
}

func widen(values []float32) []float64 {
	wide := make([]float64, len(values))
	for i, x := range values {
		wide[i] = float64(x)
	}
	return wide
}

// text is a prediction or a label as people write it.
func text(o *quality.Outcomes, values []float64) (string, error) {
	switch o.Kind {
	case "class":
		if len(values) == 1 {
			if i := int(values[0]); i >= 0 && i < len(o.Classes) {
				return o.Classes[i], nil
			}
		}
		return numberText(values, false), nil
	case "labels":
		names := []string{}
		for i, x := range values {
			if x != 0 && i < len(o.Classes) {
				names = append(names, o.Classes[i])
			}
		}
		list, err := json.Marshal(names)
		return string(list), err
	}
	return numberText(values, false), nil
}

// numberText is one number, or a JSON list of several: such digits that they are read as
// the same numbers. JSON knows no infinite numbers and none that are not a number: they
// are null.
func numberText(values []float64, list bool) string {
	if len(values) == 1 && !list {
		return digits(values[0])
	}
	b := []byte{'['}
	for i, x := range values {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, x, 'g', -1, 64)
	}
	return string(append(b, ']'))
}

func digits(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// fields are those of a line of CSV.
func fields(r *record, dst []string) []string {
	return append(dst, r.Model, r.Version, moment(r.PredictedAt), moment(r.LabelledAt), r.RequestID,
		strconv.FormatInt(r.Row, 10), guarded(r.Caller), r.Prediction, r.Label,
		field(r.Correct, strconv.FormatBool), field(r.Confidence, func(s string) string { return s }),
		field(r.ShownConfidence, digits), field(r.Probability, digits), field(r.Squares, digits),
		field(r.SetSize, func(n int64) string { return strconv.FormatInt(n, 10) }), field(r.Covered, strconv.FormatBool))
}

// formulas are what spreadsheets take the rest of a cell for a formula after (CWE-1236).
const formulas = "=+-@\t\r"

// guarded is a text that users choose, such that no spreadsheet runs it: behind an
// apostrophe where it begins like a formula. Unguarded takes that away.
func guarded(s string) string {
	if s != "" && strings.ContainsRune(formulas+"'", rune(s[0])) {
		return "'" + s
	}
	return s
}

func unguarded(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune(formulas+"'", rune(s[1])) {
		return s[1:]
	}
	return s
}

func moment(nanoseconds int64) string {
	return time.Unix(0, nanoseconds).UTC().Format(time.RFC3339Nano)
}

// field is a text, empty where there is nothing.
func field[T any](value *T, write func(T) string) string {
	if value == nil {
		return ""
	}
	return write(*value)
}

// turned is a row with other types of predictions and confidences.
func turned[P, C, Q, D any](r row[P, C], prediction func(P) Q, confidence func(C) D) row[Q, D] {
	return row[Q, D]{
		Model: r.Model, Version: r.Version, PredictedAt: r.PredictedAt, LabelledAt: r.LabelledAt,
		RequestID: r.RequestID, Row: r.Row, Caller: r.Caller,
		Prediction: prediction(r.Prediction), Label: prediction(r.Label), Correct: r.Correct, Confidence: confidence(r.Confidence),
		ShownConfidence: r.ShownConfidence, Probability: r.Probability, Squares: r.Squares, SetSize: r.SetSize, Covered: r.Covered,
	}
}

// read is the number of a text of digits; NaN of another, which Write does not make.
func read(text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return x
}

func readMaybe(text *string) *float64 {
	if text == nil {
		return nil
	}
	x := read(*text)
	return &x
}

func writeMaybe(x *float64) *string {
	if x == nil {
		return nil
	}
	s := digits(*x)
	return &s
}

// named is a row whose confidence is a number, and numbers one of numbers alone.
func named(r record) row[string, *float64] {
	return turned(r, func(s string) string { return s }, readMaybe)
}

func numbers(r record) row[float64, *float64] { return turned(r, read, readMaybe) }

// BadRowError says which row of a table cannot be read, and why.
type BadRowError struct {
	Row    int // from 1, without the line of names
	Reason string
}

func (e *BadRowError) Error() string { return fmt.Sprintf("row %d: %s", e.Row, e.Reason) }
