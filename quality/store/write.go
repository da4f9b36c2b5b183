package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"penstock/quality"
	"penstock/quality/store/chunk"
)

// Write writes a batch in one transaction: once it returns nil, the batch is on the disk,
// and after an error nothing of it is.
func (s *Store) Write(b *quality.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writeLocked(b)
}

func (s *Store) writeLocked(b *quality.Batch) error {
	if err := s.usable(); err != nil {
		return err
	}
	if len(b.Outcomes) == 0 && len(b.Activity) == 0 && len(b.Events) == 0 {
		return nil
	}
	if err := s.transact(func(w *writer) error { return w.batch(b) }); err != nil {
		return err
	}
	s.wrote(b)
	return nil
}

// wrote brings the status up to date without counting everything again.
func (s *Store) wrote(b *quality.Batch) {
	rows, oldest := uint64(0), int64(0)
	for i := range b.Outcomes {
		o := &b.Outcomes[i]
		if o.Len() == 0 {
			continue
		}
		rows += uint64(o.Len())
		if from := slices.Min(o.Predicted); oldest == 0 || from < oldest {
			oldest = from
		}
	}
	bytes, err := s.writer.bytes(context.Background())
	s.update(func(now *Status) {
		now.Rows += rows
		now.Written += rows
		if at := unix(oldest); rows > 0 && (now.Oldest.IsZero() || at.Before(now.Oldest)) {
			now.Oldest = at
		}
		if err == nil {
			now.Bytes = bytes
		}
	})
}

// transact lets do write in one transaction. The caller holds s.mu.
func (s *Store) transact(do func(*writer) error) error {
	w := &s.writer
	err := w.begin()
	if err == nil {
		if err = do(w); err == nil {
			_, err = w.exec("COMMIT")
		}
	}
	if err != nil {
		w.abandon(s.read == nil)
		return explained(s.options.Dir, err)
	}
	return nil
}

// writer is the one connection that writes, and what it knows of the database.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
	series   map[[2]string]int64
	shapes   map[string]int64
	coder    chunk.Coder
	blob     []byte
	tallied  tallied
}

func (w *writer) connection(ctx context.Context) (*sql.Conn, error) {
	if w.conn != nil {
		return w.conn, nil
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w.conn = conn
	w.prepared = make(map[string]*sql.Stmt)
	w.forget()
	return conn, nil
}

// forget gives up what was learnt of the database: of a transaction that did not
// happen it would be wrong.
func (w *writer) forget() {
	w.series, w.shapes = make(map[[2]string]int64), make(map[string]int64)
}

func (w *writer) begin() error {
	if _, err := w.connection(context.Background()); err != nil {
		return err
	}
	_, err := w.exec("BEGIN IMMEDIATE")
	return err
}

// abandon ends a transaction that failed. A connection that cannot even do that is
// given up for a new one, unless the database is in its memory.
func (w *writer) abandon(memory bool) {
	if w.conn == nil {
		return
	}
	w.forget()
	_, err := w.conn.ExecContext(context.Background(), "ROLLBACK")
	if err != nil && !memory {
		w.close()
	}
}

func (w *writer) close() {
	for _, one := range w.prepared {
		_ = one.Close()
	}
	if w.conn != nil {
		_ = w.conn.Close()
	}
	w.conn, w.prepared = nil, nil
}

func (w *writer) statement(query string) (*sql.Stmt, error) {
	if known := w.prepared[query]; known != nil {
		return known, nil
	}
	one, err := w.conn.PrepareContext(context.Background(), query)
	if err == nil {
		w.prepared[query] = one
	}
	return one, err
}

func (w *writer) exec(query string, a ...any) (sql.Result, error) {
	one, err := w.statement(query)
	if err != nil {
		return nil, err
	}
	return one.ExecContext(context.Background(), a...)
}

// value reads the one value that a query gives, and reports whether there is one.
func (w *writer) value(into any, query string, a ...any) (bool, error) {
	one, err := w.statement(query)
	if err != nil {
		return false, err
	}
	err = one.QueryRowContext(context.Background(), a...).Scan(into)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// bytes are those of the pages in use.
func (w *writer) bytes(ctx context.Context) (int64, error) {
	conn, err := w.connection(ctx)
	if err != nil {
		return 0, err
	}
	var pages, size, free int64
	for pragma, into := range map[string]*int64{"page_count": &pages, "page_size": &size, "freelist_count": &free} {
		if err := conn.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(into); err != nil {
			return 0, err
		}
	}
	return (pages - free) * size, nil
}

func (w *writer) batch(b *quality.Batch) error {
	w.tallied.reset()
	for i := range b.Outcomes {
		if err := w.outcomes(&b.Outcomes[i]); err != nil {
			return err
		}
	}
	if err := w.activity(b.Activity); err != nil {
		return err
	}
	for i := range b.Events {
		e := &b.Events[i]
		if _, err := w.exec("INSERT INTO event (at, kind, model, version, text) VALUES (?, ?, ?, ?, ?)", e.At, e.Kind, e.Model, e.Version, e.Text); err != nil {
			return err
		}
	}
	return w.tallied.write(w)
}

func (w *writer) outcomes(o *quality.Outcomes) error {
	if o.Len() == 0 {
		return nil
	}
	series, err := w.seriesOf(o.Model, o.Version)
	if err != nil {
		return err
	}
	shape, err := w.shapeOf(o)
	if err != nil {
		return err
	}
	for from := 0; from < o.Len(); {
		to := from + chunk.Fits(o, from)
		if w.blob, err = w.coder.Append(w.blob[:0], o, from, to); err != nil {
			return err
		}
		if err := w.chunk(chunkOf(0, series, shape, o, from, to, w.blob)); err != nil {
			return err
		}
		from = to
	}
	w.tallied.add(series, shape, o)
	return nil
}

// chunkRow is a row of the table chunk. Series and shape 0 stand for none, and seq 0
// for the next.
type chunkRow struct {
	seq, series, shape         int64
	rows                       int
	predictedFrom, predictedTo int64
	labelledFrom, labelledTo   int64
	data                       []byte
}

// chunkOf is the row of a blob with rows [from, to) of o.
func chunkOf(seq, series, shape int64, o *quality.Outcomes, from, to int, blob []byte) chunkRow {
	predicted, labelled := o.Predicted[from:to], o.Labelled[from:to]
	return chunkRow{
		seq: seq, series: series, shape: shape, rows: to - from, data: blob,
		predictedFrom: slices.Min(predicted), predictedTo: slices.Max(predicted),
		labelledFrom: slices.Min(labelled), labelledTo: slices.Max(labelled),
	}
}

func (w *writer) chunk(c chunkRow) error {
	none := func(id int64) sql.NullInt64 { return sql.NullInt64{Int64: id, Valid: id != 0} }
	_, err := w.exec(`INSERT INTO chunk (seq, series, shape, rows, bytes, predicted_from, predicted_to, labelled_from, labelled_to, data)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		none(c.seq), none(c.series), none(c.shape), c.rows, len(c.data), c.predictedFrom, c.predictedTo, c.labelledFrom, c.labelledTo, c.data)
	return err
}

func (w *writer) seriesOf(model, version string) (int64, error) {
	name := [2]string{model, version}
	if id := w.series[name]; id != 0 {
		return id, nil
	}
	id, err := w.identity("series", []string{"model", "version"}, model, version)
	if err == nil {
		w.series[name] = id
	}
	return id, err
}

func (w *writer) shapeOf(o *quality.Outcomes) (int64, error) {
	classes, err := json.Marshal(o.Classes)
	if err != nil {
		return 0, err
	}
	name := fmt.Sprintf("%s\x00%d %d\x00%s", o.Kind, o.Width, o.LabelWidth, classes)
	if id := w.shapes[name]; id != 0 {
		return id, nil
	}
	id, err := w.identity("shape", []string{"kind", "classes", "width", "label_width"}, o.Kind, string(classes), o.Width, o.LabelWidth)
	if err == nil {
		w.shapes[name] = id
	}
	return id, err
}

// identity is the id of what has such values in a table; it gets one if it has none.
func (w *writer) identity(table string, columns []string, values ...any) (id int64, err error) {
	find := fmt.Sprintf("SELECT id FROM %s WHERE %s = ?", table, strings.Join(columns, " = ? AND "))
	if found, err := w.value(&id, find, values...); found || err != nil {
		return id, err
	}
	add := fmt.Sprintf("INSERT INTO %s (%s) VALUES (?%s)", table, strings.Join(columns, ", "), strings.Repeat(", ?", len(columns)-1))
	if _, err := w.exec(add, values...); err != nil {
		return 0, err
	}
	_, err = w.value(&id, find, values...)
	return id, err
}
