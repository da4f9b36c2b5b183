package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"

	"penstock/quality"
	"penstock/quality/store/chunk"
)

// Outcomes calls each with the outcomes of a query, a chunk at a time, in the order in
// which they were written, or the newest first. What it gives is good until each
// returns. An fs.SkipAll from each ends it without an error. What is written meanwhile
// may or may not be among them; what grows too old may be missing.
func (s *Store) Outcomes(ctx context.Context, q Query, newestFirst bool, each func(*quality.Outcomes) error) error {
	list, err := s.chunksOf(ctx, &q)
	if err != nil {
		return err
	}
	if newestFirst {
		slices.Reverse(list)
	}
	r := chunkReader{store: s}
	for _, one := range list {
		o, err := r.read(ctx, one)
		if err != nil {
			return explained(s.options.Dir, err)
		}
		if o == nil {
			continue
		}
		if o = q.cut(o, newestFirst); o.Len() == 0 {
			continue
		}
		if err := each(o); err != nil {
			if errors.Is(err, fs.SkipAll) {
				return nil
			}
			return err
		}
	}
	return nil
}

// chunkName is where a chunk of outcomes is found, and whose it is.
type chunkName struct {
	seq, shape     int64
	model, version string
}

// chunksOf are the chunks that may have rows of a query, in the order in which they
// were written.
func (s *Store) chunksOf(ctx context.Context, q *Query) ([]chunkName, error) {
	times := "predicted_to >= ? AND predicted_from < ?"
	if q.By == Label {
		times = "labelled_to >= ? AND labelled_from < ?"
	}
	from, to := q.nanoseconds()
	var list []chunkName
	err := s.over(ctx, q, func(conn *sql.Conn, series int64, version string) error {
		return each(ctx, conn, func(r *sql.Rows) error {
			one := chunkName{model: q.Model, version: version}
			err := r.Scan(&one.seq, &one.shape)
			list = append(list, one)
			return err
		}, "SELECT seq, shape FROM chunk WHERE series = ? AND "+times, series, from, to)
	})
	slices.SortFunc(list, func(a, b chunkName) int { return cmp.Compare(a.seq, b.seq) })
	return list, err
}

// chunkReader reads chunks one after another.
type chunkReader struct {
	store  *Store
	coder  chunk.Coder
	shapes map[int64]shape
	blob   []byte
	o      quality.Outcomes
}

type shape struct {
	kind    string
	classes []string
}

// read reads one; nil if it is no longer there.
func (r *chunkReader) read(ctx context.Context, one chunkName) (*quality.Outcomes, error) {
	err := r.store.ask(ctx, func(conn *sql.Conn) error { return r.shape(ctx, conn, one.shape) })
	if err != nil {
		return nil, err
	}
	if found, err := r.fetch(ctx, one.seq); !found || err != nil {
		return nil, err
	}
	s := r.shapes[one.shape]
	r.o.Model, r.o.Version, r.o.Kind, r.o.Classes = one.model, one.version, s.kind, s.classes
	if err := r.coder.Read(r.blob, &r.o); err != nil {
		return nil, err
	}
	return &r.o, nil
}

// fetch reads a chunk's blob, and reports whether it is still there.
func (r *chunkReader) fetch(ctx context.Context, seq int64) (found bool, err error) {
	err = r.store.ask(ctx, func(conn *sql.Conn) error {
		return each(ctx, conn, func(rows *sql.Rows) error {
			var blob sql.RawBytes
			err := rows.Scan(&blob)
			r.blob, found = append(r.blob[:0], blob...), true
			return err
		}, "SELECT data FROM chunk WHERE seq = ?", seq)
	})
	return found, err
}

func (r *chunkReader) shape(ctx context.Context, conn *sql.Conn, id int64) error {
	if _, known := r.shapes[id]; known {
		return nil
	}
	var s shape
	var classes []byte
	if err := conn.QueryRowContext(ctx, "SELECT kind, classes FROM shape WHERE id = ?", id).Scan(&s.kind, &classes); err != nil {
		return err
	}
	if err := json.Unmarshal(classes, &s.classes); err != nil {
		return err
	}
	if r.shapes == nil {
		r.shapes = make(map[int64]shape)
	}
	r.shapes[id] = s
	return nil
}

// cut leaves the rows that are in the time of a query, in the order that is asked for.
func (q *Query) cut(o *quality.Outcomes, reverse bool) *quality.Outcomes {
	from, to := q.nanoseconds()
	times := o.Predicted
	if q.By == Label {
		times = o.Labelled
	}
	rows := make([]int, 0, len(times))
	for i, at := range times {
		if at >= from && at < to {
			rows = append(rows, i)
		}
	}
	if reverse {
		slices.Reverse(rows)
	} else if len(rows) == len(times) {
		return o
	}
	return pick(o, rows)
}

// pick copies some rows of o.
func pick(o *quality.Outcomes, rows []int) *quality.Outcomes {
	picked := *o
	picked.Predicted = rowsOf(o.Predicted, rows, 1)
	picked.Labelled = rowsOf(o.Labelled, rows, 1)
	picked.Scopes = rowsOf(o.Scopes, rows, 1)
	picked.IDs = rowsOf(o.IDs, rows, 1)
	picked.Rows = rowsOf(o.Rows, rows, 1)
	picked.Callers = rowsOf(o.Callers, rows, 1)
	picked.Names = rowsOf(o.Names, rows, 1)
	picked.Values = rowsOf(o.Values, rows, o.Width)
	picked.Confidences = rowsOf(o.Confidences, rows, o.Width)
	picked.Truths = rowsOf(o.Truths, rows, o.LabelWidth)
	picked.Verdicts = rowsOf(o.Verdicts, rows, 1)
	picked.Shown = rowsOf(o.Shown, rows, 1)
	picked.Probability = rowsOf(o.Probability, rows, 1)
	picked.Squares = rowsOf(o.Squares, rows, 1)
	picked.SetSize = rowsOf(o.SetSize, rows, 1)
	picked.Covered = rowsOf(o.Covered, rows, 1)
	picked.Slices = rowsOf(o.Slices, rows, 1)
	return &picked
}

func rowsOf[T any](column []T, rows []int, width int) []T {
	if len(column) == 0 {
		return nil
	}
	picked := make([]T, 0, len(rows)*width)
	for _, i := range rows {
		picked = append(picked, column[i*width:(i+1)*width]...)
	}
	return picked
}
