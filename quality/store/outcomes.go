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
// is not among them.
func (s *Store) Outcomes(ctx context.Context, q Query, newestFirst bool, each func(*quality.Outcomes) error) error {
	return s.snapshot(ctx, func(ask asker) error {
		list, err := q.chunks(ctx, ask)
		if err != nil {
			return explained(s.options.Dir, err)
		}
		if newestFirst {
			slices.Reverse(list)
		}
		r := chunkReader{ask: ask}
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
				return unless(err, fs.SkipAll)
			}
		}
		return nil
	})
}

// unless is err, or nil if it is the one that is none.
func unless(err, none error) error {
	if errors.Is(err, none) {
		return nil
	}
	return err
}

// asker lets do use a connection for reading.
type asker func(do func(*sql.Conn) error) error

// snapshot lets do ask several times, and see the same chunks each time: those that are not
// given up meanwhile, since while it reads none moves. It is no transaction: one that a slow
// reader keeps open would have what is written pile up beside the database, which has a
// bound, in a file that has none (https://sqlite.org/wal.html, avoiding excessively
// large WAL files). Another process, which cannot keep chunks where they are, has one.
func (s *Store) snapshot(ctx context.Context, do func(asker) error) error {
	if !s.toRead {
		s.reading.RLock()
		defer s.reading.RUnlock()
		return do(func(use func(*sql.Conn) error) error { return s.ask(ctx, use) })
	}
	return s.ask(ctx, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
			return explained(s.options.Dir, err)
		}
		defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }()
		return do(func(use func(*sql.Conn) error) error { return use(conn) })
	})
}

// chunkName is where a chunk of outcomes is found, and whose it is.
type chunkName struct {
	seq, shape     int64
	model, version string
}

// chunks are those that may have rows of a query, in the order in which they were
// written.
func (q *Query) chunks(ctx context.Context, ask asker) ([]chunkName, error) {
	times := "predicted_to >= ? AND predicted_from < ?"
	if q.By == Label {
		times = "labelled_to >= ? AND labelled_from < ?"
	}
	from, to := q.nanoseconds()
	var list []chunkName
	err := ask(func(conn *sql.Conn) error {
		versions, err := q.versions(ctx, conn)
		if err != nil {
			return err
		}
		for series, version := range versions {
			err := each(ctx, conn, func(r *sql.Rows) error {
				one := chunkName{model: q.Model, version: version}
				err := r.Scan(&one.seq, &one.shape)
				list = append(list, one)
				return err
			}, "SELECT seq, shape FROM chunk WHERE series = ? AND "+times, series, from, to)
			if err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b chunkName) int { return cmp.Compare(a.seq, b.seq) })
	return list, err
}

// chunkReader reads chunks one after another.
type chunkReader struct {
	ask    asker
	coder  chunk.Coder
	shapes map[int64]shape
	blob   []byte
	o      quality.Outcomes
}

type shape struct {
	kind              string
	classes           []string
	width, labelWidth int
}

// read reads one; nil if it is no longer there.
func (r *chunkReader) read(ctx context.Context, one chunkName) (*quality.Outcomes, error) {
	err := r.ask(func(conn *sql.Conn) error { return r.shape(ctx, conn, one.shape) })
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
	err = r.ask(func(conn *sql.Conn) error {
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
	if err := conn.QueryRowContext(ctx, "SELECT kind, classes, width, label_width FROM shape WHERE id = ?", id).Scan(&s.kind, &classes, &s.width, &s.labelWidth); err != nil {
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
	return chunk.Pick(o, rows)
}
