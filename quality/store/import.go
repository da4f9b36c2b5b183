package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"penstock/quality"
	"penstock/quality/store/chunk"
)

// Imported says what became of rows.
type Imported struct {
	Added  int
	Known  int // were there
	TooOld int // are older than what is kept, so that it cannot be told whether they were there
}

// Import adds outcomes from elsewhere, such as from before there was a store: those
// that are not there. A row is the same as another if version, request id, number in the
// request and time of the prediction are. Rows that are added count as predicted, too. It
// is one transaction; some ten thousand rows at a time are best.
func (s *Store) Import(o *quality.Outcomes) (Imported, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return Imported{}, err
	}
	in := &importing{o: o, rows: make(map[rowName]int, o.Len())}
	if err := s.sieve(in); err != nil {
		return Imported{}, explained(s.options.Dir, err)
	}
	if len(in.rows) == 0 {
		return in.result, nil
	}
	rows := make([]int, 0, len(in.rows))
	for i := range o.Len() {
		if at, is := in.rows[in.name(i)]; is && at == i {
			rows = append(rows, i)
		}
	}
	added := chunk.Pick(o, rows)
	in.result.Added = len(rows)
	if err := s.transact(func(w *writer) error { return w.imported(added) }); err != nil {
		return in.result, err
	}
	s.wrote(&quality.Batch{Outcomes: []quality.Outcomes{*added}})
	return in.result, nil
}

// imported writes rows that were predicted elsewhere. The minutes count them as
// predicted, and no chunk tells so: what chunks tell of, Replay gives to a server as what
// it predicted itself.
func (w *writer) imported(o *quality.Outcomes) error {
	w.tallied.reset()
	if err := w.outcomes(o); err != nil {
		return err
	}
	list := activityOf(o)
	for i := range list {
		series, err := w.seriesOf(list[i].Model, list[i].Version)
		if err != nil {
			return err
		}
		w.tallied.activity(series, &list[i])
	}
	return w.tallied.write(w)
}

// rowName is what a row is known by within its series.
type rowName struct {
	id        string
	row       uint32
	predicted int64
}

// importing are rows on their way: those that are left, and where.
type importing struct {
	o      *quality.Outcomes
	rows   map[rowName]int
	from   int64
	to     int64
	result Imported
}

func (in *importing) name(i int) rowName {
	return rowName{in.o.IDs[i], in.o.Rows[i], in.o.Predicted[i]}
}

// begin takes the rows that are newer than what is kept.
func (in *importing) begin(oldest int64) {
	in.from, in.to = math.MaxInt64, math.MinInt64
	for i, at := range in.o.Predicted {
		switch _, twice := in.rows[in.name(i)]; {
		case at <= oldest:
			in.result.TooOld++
		case twice:
			in.result.Known++
		default:
			in.rows[in.name(i)] = i
			in.from, in.to = min(in.from, at), max(in.to, at)
		}
	}
}

// drop drops the rows that are in a chunk.
func (in *importing) drop(known *quality.Outcomes) {
	for i, id := range known.IDs {
		name := rowName{id, known.Rows[i], known.Predicted[i]}
		if _, is := in.rows[name]; is {
			delete(in.rows, name)
			in.result.Known++
		}
	}
}

// sieve leaves the rows that are not there.
func (s *Store) sieve(in *importing) error {
	ctx := context.Background()
	conn, err := s.writer.connection(ctx)
	if err != nil {
		return err
	}
	gone := int64(math.MinInt64)
	if err := conn.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", horizon).Scan(&gone); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	in.begin(max(gone, time.Now().Add(-s.options.Keep).UnixNano()))
	if len(in.rows) == 0 {
		return nil
	}
	ask := func(do func(*sql.Conn) error) error { return do(conn) }
	q := Query{Model: in.o.Model, Version: in.o.Version, From: unix(in.from), To: unix(in.to).Add(1)}
	list, err := q.chunks(ctx, ask)
	if err != nil {
		return err
	}
	r := chunkReader{ask: ask}
	for _, one := range list {
		if one.version != in.o.Version { // an empty version asks for all
			continue
		}
		known, err := r.read(ctx, one)
		if err != nil {
			return err
		}
		if known != nil {
			in.drop(known)
		}
	}
	return nil
}

// activityOf counts rows as predicted when they were.
func activityOf(o *quality.Outcomes) (list []quality.Activity) {
	places := make(map[int64]int)
	for i, at := range o.Predicted {
		minute := floor(seconds(at), minuteSpan) / minuteSpan
		place, known := places[minute]
		if !known {
			place = len(list)
			places[minute] = place
			list = append(list, quality.Activity{Model: o.Model, Version: o.Version, Minute: minute})
		}
		a := &list[place]
		a.Predicted++
		if len(o.Shown) > 0 {
			a.Sure++
			a.Confidence += float64(o.Shown[i])
		} else if o.Kind == "class" && len(o.Confidences) > 0 {
			a.Sure++
			a.Confidence += float64(o.Confidences[i])
		}
	}
	return list
}

// Shape is what the newest outcomes of a version are: their kind and classes, widths
// and names, without rows; false where there are none.
func (s *Store) Shape(ctx context.Context, model, version string) (o quality.Outcomes, found bool, err error) {
	o = quality.Outcomes{Model: model, Version: version}
	err = s.ask(ctx, func(conn *sql.Conn) error {
		var id int64
		err := conn.QueryRowContext(ctx, `SELECT shape FROM chunk JOIN series ON series.id = chunk.series
			WHERE model = ? AND version = ? ORDER BY seq DESC LIMIT 1`, model, version).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		var r chunkReader
		if err := r.shape(ctx, conn, id); err != nil {
			return err
		}
		one := r.shapes[id]
		o.Kind, o.Classes, o.Width, o.LabelWidth = one.kind, one.classes, one.width, one.labelWidth
		return nil
	})
	return o, found, explained(s.options.Dir, err)
}
