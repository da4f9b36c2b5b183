package store

import (
	"time"

	"penstock/quality"
	"penstock/quality/measure"
)

// Spans of time that rows are added up over, in seconds.
const (
	minuteSpan = 60
	hourSpan   = 3600
	daySpan    = 86400
)

// byPrediction and byLabel are the column late.
const (
	byPrediction = 0
	byLabel      = 1
)

// tallied is what the rows of one batch add up to, before it is added to what the
// database has.
type tallied struct {
	minutes map[span]*measure.Tally
	callers map[callerHour]*counted
	slices  map[sliceHour]*counted
	cells   map[cellHour]cells
	named   map[hour]int // how many callers the database has by name
}

// span is a stretch of time of a series. At is Unix seconds.
type span struct {
	series int64
	late   int
	span   int64
	at     int64
}

type hour struct {
	series int64
	late   int
	at     int64
}

type callerHour struct {
	hour
	caller string
}

type sliceHour struct {
	hour
	slice uint8
}

type cellHour struct {
	hour
	shape int64
}

// counted are rows that were right or wrong.
type counted struct{ labelled, correct uint64 }

func (t *tallied) reset() {
	t.minutes = make(map[span]*measure.Tally)
	t.callers = make(map[callerHour]*counted)
	t.slices = make(map[sliceHour]*counted)
	t.cells = make(map[cellHour]cells)
	t.named = make(map[hour]int)
}

func (t *tallied) minute(series int64, late int, at int64) *measure.Tally {
	return entry(t.minutes, span{series, late, minuteSpan, floor(at, minuteSpan)})
}

func entry[K comparable, V any](m map[K]*V, k K) *V {
	v := m[k]
	if v == nil {
		v = new(V)
		m[k] = v
	}
	return v
}

// floor is the latest multiple of span that is not after at.
func floor(at, span int64) int64 {
	rest := at % span
	if rest < 0 {
		rest += span
	}
	return at - rest
}

func seconds(nanoseconds int64) int64 {
	return floor(nanoseconds, int64(time.Second)) / int64(time.Second)
}

func (t *tallied) activity(series int64, a *quality.Activity) {
	t.minute(series, byPrediction, a.Minute*minuteSpan).AddActivity(a)
}

// add adds all rows of o by both of their times.
func (t *tallied) add(series, shape int64, o *quality.Outcomes) {
	for late, times := range [][]int64{o.Predicted, o.Labelled} {
		t.addBy(series, shape, o, late, times)
	}
}

func (t *tallied) addBy(series, shape int64, o *quality.Outcomes, late int, times []int64) {
	var tally *measure.Tally
	minute := int64(0)
	rows := rowCounter{t: t, o: o, shape: shape}
	for i, at := range times {
		if now := floor(seconds(at), minuteSpan); tally == nil || now != minute {
			minute = now
			tally = t.minute(series, late, minute)
			rows.begin(hour{series, late, floor(minute, hourSpan)})
		}
		tally.AddOutcome(o, i)
		rows.add(i)
	}
}

// rowCounter counts rows by caller, slice and cell, within one hour at a time.
type rowCounter struct {
	t     *tallied
	o     *quality.Outcomes
	shape int64

	hour   hour
	caller *counted // the latest
	name   string
	cells  cells
}

func (r *rowCounter) begin(h hour) {
	if h == r.hour {
		return
	}
	r.hour, r.caller, r.cells = h, nil, nil
	if hasCells(r.o) {
		k := cellHour{h, r.shape}
		if r.t.cells[k] == nil {
			r.t.cells[k] = make(cells)
		}
		r.cells = r.t.cells[k]
	}
}

func (r *rowCounter) add(i int) {
	o, v := r.o, &r.o.Verdicts[i]
	if !judged(o.Kind, v) {
		return
	}
	if r.caller == nil || r.name != o.Callers[i] {
		r.name = o.Callers[i]
		r.caller = entry(r.t.callers, callerHour{r.hour, r.name})
	}
	r.caller.add(v)
	if len(o.Slices) > 0 {
		entry(r.t.slices, sliceHour{r.hour, o.Slices[i]}).add(v)
	}
	if r.cells != nil {
		r.cells.add(o, i)
	}
}

// judged reports whether a row is right or wrong, rather than some way off.
func judged(kind string, v *quality.Verdict) bool {
	return kind != "values" && v.Distance == 0 && v.Squared == 0
}

func (c *counted) add(v *quality.Verdict) {
	c.labelled++
	if v.Correct {
		c.correct++
	}
}

// write adds all of it to what the database has.
func (t *tallied) write(w *writer) error {
	if err := t.writeTallies(w); err != nil {
		return err
	}
	for k, n := range t.callers {
		if err := w.countCaller(k, n); err != nil {
			return err
		}
	}
	for k, n := range t.slices {
		_, err := w.exec(`INSERT INTO slice_hour VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET labelled = labelled + excluded.labelled, correct = correct + excluded.correct`,
			k.series, k.late, k.at, k.slice, n.labelled, n.correct)
		if err != nil {
			return err
		}
	}
	for k, more := range t.cells {
		if err := w.countCells(k, more); err != nil {
			return err
		}
	}
	return nil
}

func (t *tallied) writeTallies(w *writer) error {
	longer := make(map[span]*measure.Tally)
	for k, tally := range t.minutes {
		for _, seconds := range []int64{hourSpan, daySpan} {
			entry(longer, span{k.series, k.late, seconds, floor(k.at, seconds)}).Merge(tally)
		}
	}
	for _, all := range []map[span]*measure.Tally{t.minutes, longer} {
		for k, tally := range all {
			if err := w.addTally(k, tally); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) addTally(k span, more *measure.Tally) error {
	var blob []byte
	found, err := w.value(&blob, "SELECT tally FROM minute WHERE series = ? AND late = ? AND span = ? AND at = ?", k.series, k.late, k.span, k.at)
	if err != nil {
		return err
	}
	if found {
		var had measure.Tally
		if err := had.UnmarshalBinary(blob); err != nil {
			return err
		}
		had.Merge(more)
		more = &had
	}
	if blob, err = more.AppendBinary(blob[:0]); err != nil {
		return err
	}
	_, err = w.exec("INSERT OR REPLACE INTO minute VALUES (?, ?, ?, ?, ?)", k.series, k.late, k.span, k.at, blob)
	return err
}

// mostCallers bounds the callers of a series that are counted by name in an hour.
// The rows of further ones are counted together, under Others.
const mostCallers = 1000

// Others is the name of the callers that are not counted by name.
const Others = "(others)"

func (w *writer) countCaller(k callerHour, n *counted) error {
	result, err := w.exec(`UPDATE caller_hour SET labelled = labelled + ?, correct = correct + ?
		WHERE series = ? AND late = ? AND at = ? AND caller = ?`, n.labelled, n.correct, k.series, k.late, k.at, k.caller)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); changed > 0 || err != nil {
		return err
	}
	caller, err := w.nameOf(k)
	if err != nil {
		return err
	}
	_, err = w.exec(`INSERT INTO caller_hour VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET labelled = labelled + excluded.labelled, correct = correct + excluded.correct`,
		k.series, k.late, k.at, caller, n.labelled, n.correct)
	return err
}

// nameOf is under which name a caller that has none in this hour yet is counted.
func (w *writer) nameOf(k callerHour) (string, error) {
	known, counted := w.tallied.named[k.hour]
	if !counted {
		_, err := w.value(&known, "SELECT count(*) FROM caller_hour WHERE series = ? AND late = ? AND at = ?", k.series, k.late, k.at)
		if err != nil {
			return "", err
		}
	}
	if known >= mostCallers {
		w.tallied.named[k.hour] = known
		return Others, nil
	}
	w.tallied.named[k.hour] = known + 1
	return k.caller, nil
}
