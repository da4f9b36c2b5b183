package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"penstock/quality"
	"penstock/quality/measure"
)

// Step is how long the time of one point is.
type Step uint8

// The steps. Days and months are those of UTC.
const (
	Minute Step = iota
	Hour
	Day
	Month
)

// By says which time of a row counts.
type By uint8

// The times of a row.
const (
	Prediction By = iota // when it was predicted
	Label                // when its label came
)

// Query asks for the rows of a model.
type Query struct {
	Model   string
	Version string // empty for all of them
	// From is included, To is not; zero means from the beginning, and to the end. What
	// is kept in hours (callers, slices, cells) is asked for in whole hours, and points in
	// whole steps: those that begin in the time.
	From, To time.Time
	Step     Step // of points alone
	By       By
}

// Point is what the rows of one step add up to.
type Point struct {
	At      time.Time // when the step began, UTC
	Version string
	Tally   measure.Tally
}

func unix(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }

// span is the step's in the table minute: of months, that of days.
func (s Step) span() int64 {
	switch s {
	case Minute:
		return minuteSpan
	case Hour:
		return hourSpan
	default:
		return daySpan
	}
}

// begin is when the step began that at is in.
func (s Step) begin(at time.Time) time.Time {
	if s == Month {
		return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Unix(floor(at.Unix(), s.span()), 0).UTC()
}

// seconds are the bounds in Unix seconds, the first at the beginning of its step.
func (q *Query) seconds(s Step) (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	if !q.From.IsZero() {
		from = s.begin(q.From.UTC()).Unix()
	}
	if !q.To.IsZero() {
		to = q.To.Unix()
		if q.To.Nanosecond() > 0 {
			to++
		}
	}
	return from, to
}

// nanoseconds are the bounds in Unix nanoseconds.
func (q *Query) nanoseconds() (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	if !q.From.IsZero() {
		from = q.From.UnixNano()
	}
	if !q.To.IsZero() {
		to = q.To.UnixNano()
	}
	return from, to
}

// each calls do with every row that a query gives.
func each(ctx context.Context, conn *sql.Conn, do func(*sql.Rows) error, query string, a ...any) error {
	rows, err := conn.QueryContext(ctx, query, a...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// versions are the series that a query asks for, and their versions.
func (q *Query) versions(ctx context.Context, conn *sql.Conn) (map[int64]string, error) {
	found := make(map[int64]string)
	err := each(ctx, conn, func(r *sql.Rows) error {
		var id int64
		var version string
		if err := r.Scan(&id, &version); err != nil {
			return err
		}
		found[id] = version
		return nil
	}, "SELECT id, version FROM series WHERE model = ?1 AND (?2 = '' OR version = ?2)", q.Model, q.Version)
	return found, err
}

// over calls do for each series that a query asks for.
func (s *Store) over(ctx context.Context, q *Query, do func(conn *sql.Conn, series int64, version string) error) error {
	err := s.ask(ctx, func(conn *sql.Conn) error {
		versions, err := q.versions(ctx, conn)
		if err != nil {
			return err
		}
		for series, version := range versions {
			if err := do(conn, series, version); err != nil {
				return err
			}
		}
		return nil
	})
	return explained(s.options.Dir, err)
}

// Points are the steps of a query that have something, in the order of time and then
// of the versions' names; each version has its own. Labels and what is judged from
// them are by the time that the query names; predictions made and forgotten are known by
// the time of the prediction alone.
func (s *Store) Points(ctx context.Context, q Query) ([]Point, error) {
	var series [][]Point
	err := s.over(ctx, &q, func(conn *sql.Conn, id int64, version string) error {
		points, err := q.points(ctx, conn, id, version)
		series = append(series, points)
		return err
	})
	return merged(series), err
}

// merged puts points of several versions in order, each of which are. They are large, so
// that sorting them would take longer than reading them.
func merged(series [][]Point) []Point {
	if len(series) == 1 {
		return series[0]
	}
	n := 0
	for _, points := range series {
		n += len(points)
	}
	all := make([]Point, 0, n)
	for len(all) < n {
		next := -1
		for i, points := range series {
			if len(points) > 0 && (next < 0 || before(&points[0], &series[next][0])) {
				next = i
			}
		}
		all, series[next] = append(all, series[next][0]), series[next][1:]
	}
	return all
}

func before(a, b *Point) bool {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Version, b.Version)) < 0
}

func (q *Query) points(ctx context.Context, conn *sql.Conn, series int64, version string) ([]Point, error) {
	from, to := q.seconds(q.Step)
	const which = "FROM minute WHERE series = ? AND late = ? AND span = ? AND at >= ? AND at < ?"
	key := []any{series, q.By, q.Step.span(), from, to}
	var n int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) "+which, key...).Scan(&n); err != nil {
		return nil, err
	}
	points := make([]Point, 0, n)
	var raw sql.RawBytes
	err := each(ctx, conn, func(r *sql.Rows) error {
		var at int64
		if err := r.Scan(&at, &raw); err != nil {
			return err
		}
		begin := q.Step.begin(time.Unix(at, 0).UTC())
		if n := len(points); n > 0 && points[n-1].At.Equal(begin) {
			var day measure.Tally
			if err := day.UnmarshalBinary(raw); err != nil {
				return err
			}
			points[n-1].Tally.Merge(&day)
			return nil
		}
		points = append(points, Point{At: begin, Version: version})
		return points[len(points)-1].Tally.UnmarshalBinary(raw)
	}, "SELECT at, tally "+which+" ORDER BY at", key...)
	return points, err
}

// Versions compares the versions of a model: rows that were right or wrong.
func (s *Store) Versions(ctx context.Context, q Query) ([]measure.Slice, error) {
	sums := make(map[string]*counted)
	q.Step = Hour
	err := s.over(ctx, &q, func(conn *sql.Conn, series int64, version string) error {
		points, err := q.points(ctx, conn, series, version)
		for i := range points {
			sum := entry(sums, version)
			sum.labelled += points[i].Tally.Judged
			sum.correct += points[i].Tally.Correct
		}
		return err
	})
	return listed(sums), err
}

// Callers compares who made the predictions, by quality.Outcomes.Callers. Of each
// version and hour 1,000 are counted by name, and the rest as Others.
func (s *Store) Callers(ctx context.Context, q Query) ([]measure.Slice, error) {
	return s.slices(ctx, q, "caller_hour", "caller")
}

// Slices compares the bins of the column that outcomes were cut by; their names are
// the bins' numbers.
func (s *Store) Slices(ctx context.Context, q Query) ([]measure.Slice, error) {
	return s.slices(ctx, q, "slice_hour", "slice")
}

func (s *Store) slices(ctx context.Context, q Query, table, column string) ([]measure.Slice, error) {
	from, to := q.seconds(Hour)
	sums := make(map[string]*counted)
	query := fmt.Sprintf("SELECT %s, sum(labelled), sum(correct) FROM %s WHERE series = ? AND late = ? AND at >= ? AND at < ? GROUP BY 1", column, table)
	err := s.over(ctx, &q, func(conn *sql.Conn, series int64, _ string) error {
		return each(ctx, conn, func(r *sql.Rows) error {
			var name string
			var more counted
			if err := r.Scan(&name, &more.labelled, &more.correct); err != nil {
				return err
			}
			sum := entry(sums, name)
			sum.labelled += more.labelled
			sum.correct += more.correct
			return nil
		}, query, series, q.By, from, to)
	})
	return listed(sums), err
}

// listed puts the one with the most labels first.
func listed(sums map[string]*counted) []measure.Slice {
	list := make([]measure.Slice, 0, len(sums))
	for name, n := range sums {
		list = append(list, measure.Slice{Name: name, Labelled: n.labelled, Correct: n.correct})
	}
	slices.SortFunc(list, func(a, b measure.Slice) int {
		return cmp.Or(cmp.Compare(b.Labelled, a.Labelled), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// MostEvents is how many events a question is answered with.
const MostEvents = 1000

// Events are those of a model and those that are of none, oldest first: of more than
// MostEvents, the newest.
func (s *Store) Events(ctx context.Context, q Query) ([]quality.Event, error) {
	from, to := q.nanoseconds()
	var events []quality.Event
	err := s.ask(ctx, func(conn *sql.Conn) error {
		return each(ctx, conn, func(r *sql.Rows) error {
			var e quality.Event
			err := r.Scan(&e.At, &e.Kind, &e.Model, &e.Version, &e.Text)
			events = append(events, e)
			return err
		}, `SELECT at, kind, model, version, text FROM event
			WHERE at >= ?1 AND at < ?2 AND (?3 = '' OR model = '' OR model = ?3) AND (?4 = '' OR version = '' OR version = ?4)
			ORDER BY at DESC, seq DESC LIMIT ?5`, from, to, q.Model, q.Version, MostEvents)
	})
	slices.Reverse(events)
	return events, explained(s.options.Dir, err)
}
