package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"penstock/protocol"
)

var errMissing = errors.New("the server sent a prediction without its value")

// jsonPrediction reads the rest of a prediction that answers c. An array may be the
// labels of one row, or the classes of many: the request tells.
func (l *link) jsonPrediction(r *reply, c *call) (Prediction, error) {
	p := r.prediction
	err := readPrediction(r.rest, c.many, l.outputsOf(p.Model, p.Version), &p)
	return p, err
}

// outputsOf are those of a model, as far as the hello tells.
func (l *link) outputsOf(name, version string) []protocol.Output {
	models := l.hello.Models
	i := slices.IndexFunc(models, func(m protocol.HelloItem) bool { return m.Name == name && m.Version == version })
	if i < 0 { // perhaps a newer version of one that is there
		i = slices.IndexFunc(models, func(m protocol.HelloItem) bool { return m.Name == name })
	}
	if i < 0 {
		return nil
	}
	return models[i].Outputs
}

// readPrediction fills p with one row, or with as many as the reply has.
func readPrediction(m *protocol.Reply, many bool, outputs []protocol.Output, p *Prediction) error {
	rows, err := readRows(m.Prediction, m.Confidence, many, len(outputs) > 0 && outputs[0].Kind == kindVector)
	if err != nil {
		return err
	}
	err = errors.Join(
		eachRow(m.Scores, many, rows, (*Row).setScores),
		eachRow(m.Top, many, rows, (*Row).setTop),
		eachRow(m.Set, many, rows, (*Row).setSet),
		eachRow(m.Interval, many, rows, (*Row).readInterval),
		readOutputs(m.Outputs, many, outputs, rows),
	)
	if len(rows) > 0 {
		p.Row = rows[0]
	}
	if many {
		p.Rows = rows
	}
	p.Alpha = m.Alpha
	if m.Timing != nil {
		p.Timing = &Timing{
			Queue:     times(m.Timing.QueueUS, time.Microsecond),
			Compute:   times(m.Timing.ComputeUS, time.Microsecond),
			BatchRows: m.Timing.BatchRows,
		}
	}
	return err
}

// readOutputs adds what each output says to the rows.
func readOutputs(raw json.RawMessage, many bool, outputs []protocol.Output, rows []Row) error {
	if none(raw) {
		return nil
	}
	var named map[string]struct{ Prediction, Confidence, Scores json.RawMessage }
	if err := json.Unmarshal(raw, &named); err != nil {
		return fmt.Errorf("the server sent outputs that are none: %w", err)
	}
	for i := range rows {
		rows[i].Outputs = make(map[string]Row, len(named))
	}
	for name, output := range named {
		vector := slices.ContainsFunc(outputs, func(o protocol.Output) bool { return o.Name == name && o.Kind == kindVector })
		own, err := readRows(output.Prediction, output.Confidence, many, vector)
		if err == nil {
			err = eachRow(output.Scores, many, own, (*Row).setScores)
		}
		if err == nil && len(own) != len(rows) {
			err = fmt.Errorf("it has %d rows, not %d", len(own), len(rows))
		}
		if err != nil {
			return fmt.Errorf("the output %q: %w", name, err)
		}
		for i := range rows {
			rows[i].Outputs[name] = own[i]
		}
	}
	return nil
}

// readRows reads what one output says of each row.
func readRows(prediction, confidence json.RawMessage, many, vector bool) ([]Row, error) {
	if none(prediction) {
		return nil, errMissing
	}
	values := []json.RawMessage{prediction}
	if many {
		if err := json.Unmarshal(prediction, &values); err != nil {
			return nil, fmt.Errorf("the answer to many rows is no array: %w", err)
		}
	}
	rows := make([]Row, len(values))
	for i, value := range values {
		if err := rows[i].read(value, vector); err != nil {
			return nil, err
		}
	}
	return rows, eachRow(confidence, many, rows, (*Row).readConfidence)
}

// read reads the prediction of one row. Its form tells the kind, but for numbers,
// which may be a vector.
func (r *Row) read(value json.RawMessage, vector bool) error {
	var err error
	switch inner := bytes.TrimLeft(value[1:], " \t\r\n"); {
	case value[0] == '"':
		err = json.Unmarshal(value, &r.Label)
	case value[0] != '[':
		err = readNumbers(value, &r.Value)
	case vector:
		err = readNumbers(value, &r.Vector)
	case inner[0] == '"' || inner[0] == ']':
		err = r.readLabels(value)
	default:
		if err = readNumbers(value, &r.Values); err == nil {
			r.Value = r.Values[0]
		}
	}
	if err != nil {
		return fmt.Errorf("a prediction of no kind that is known: %w", err)
	}
	return nil
}

// readNumbers reads numbers into one of them, or into a slice. A null, which
// encoding/json would leave for zero, is none.
func readNumbers(value json.RawMessage, into any) error {
	if bytes.Contains(value, []byte("null")) {
		return errors.New("null in place of a number")
	}
	return json.Unmarshal(value, into)
}

func (r *Row) readLabels(value json.RawMessage) error {
	var names []string
	if err := json.Unmarshal(value, &names); err != nil {
		return err
	}
	r.Labels = make([]TrueLabel, len(names))
	for i, name := range names {
		r.Labels[i].Name = name
	}
	return nil
}

// readConfidence reads one number, that of each label, or null.
func (r *Row) readConfidence(raw json.RawMessage) error {
	if none(raw) {
		return nil
	}
	if r.Labels == nil {
		return json.Unmarshal(raw, &r.Confidence)
	}
	var probabilities []float64
	if err := json.Unmarshal(raw, &probabilities); err != nil {
		return err
	}
	if len(probabilities) != len(r.Labels) {
		return fmt.Errorf("%d labels with %d probabilities", len(r.Labels), len(probabilities))
	}
	for i, p := range probabilities {
		r.Labels[i].Probability = p
	}
	return nil
}

// eachRow spreads a detail over the rows: itself for one row, its entries for
// many.
func eachRow[T any](raw json.RawMessage, many bool, rows []Row, set func(*Row, T) error) error {
	if none(raw) {
		return nil
	}
	values := make([]T, 1)
	var err error
	if many {
		err = json.Unmarshal(raw, &values)
	} else {
		err = json.Unmarshal(raw, &values[0])
	}
	if err != nil {
		return err
	}
	if len(values) != len(rows) {
		return fmt.Errorf("a detail with %d entries for %d rows", len(values), len(rows))
	}
	for i := range rows {
		err = errors.Join(err, set(&rows[i], values[i]))
	}
	return err
}

func (r *Row) setScores(scores []float32) error     { r.Scores = scores; return nil }
func (r *Row) setTop(top []protocol.TopClass) error { r.Top = top; return nil }
func (r *Row) setSet(set []string) error            { r.Set = set; return nil }

// readInterval reads one interval, that of each number, or null.
func (r *Row) readInterval(raw json.RawMessage) error {
	if none(raw) {
		return nil
	}
	if r.Values == nil {
		r.Interval = new(Interval)
		return json.Unmarshal(raw, r.Interval)
	}
	if err := json.Unmarshal(raw, &r.Intervals); err != nil {
		return err
	}
	if len(r.Intervals) != len(r.Values) {
		return fmt.Errorf("%d numbers with %d intervals", len(r.Values), len(r.Intervals))
	}
	r.Interval = &r.Intervals[0]
	return nil
}
