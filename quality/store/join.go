package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"penstock/quality"
	"penstock/quality/store/chunk"
)

// A quiet model makes a chunk of a few rows each half a second, which takes as much
// for its names and times as for its rows. So small chunks become one: those of the
// same series and shape whose labels came within an hour, or activity of that time.
const (
	// smallText is how many rows a small chunk has fewer than, as the index chunk_small
	// has it.
	smallText  = "8192"
	joinedRows = 32768
	joinedTime = time.Hour
	leastJoin  = 8 // chunks; fewer are not worth it
)

// small is a chunk that may become part of a larger one.
type small struct {
	seq, series, shape int64
	rows               int64
	from, to           int64 // the labels'
}

// join makes small chunks into larger ones: never of both sides of the checkpoint,
// after which Replay begins. It does nothing while somebody reads.
func (s *Store) join() error {
	if !s.reading.TryLock() {
		return nil
	}
	defer s.reading.Unlock()
	list, err := s.small()
	if err != nil {
		return explained(s.options.Dir, err)
	}
	for len(list) > 0 {
		n := together(list, s.seen)
		if n >= leastJoin {
			if err := s.transact(func(w *writer) error { return w.join(list[:n]) }); err != nil {
				return err
			}
		}
		list = list[n:]
	}
	return nil
}

func (s *Store) small() (list []small, err error) {
	conn, err := s.writer.connection(context.Background())
	if err != nil {
		return nil, err
	}
	err = each(context.Background(), conn, func(r *sql.Rows) error {
		var one small
		err := r.Scan(&one.seq, &one.series, &one.shape, &one.rows, &one.from, &one.to)
		list = append(list, one)
		return err
	}, `SELECT seq, coalesce(series, 0), coalesce(shape, 0), rows, labelled_from, labelled_to
		FROM chunk WHERE rows < `+smallText+" ORDER BY series, shape, seq")
	return list, err
}

// together is how many of the first chunks may become one; at least 1.
func together(list []small, through int64) int {
	first, rows, from, to := &list[0], int64(0), list[0].from, list[0].to
	for n := range list {
		one := &list[n]
		rows += one.rows
		from, to = min(from, one.from), max(to, one.to)
		if one.series != first.series || one.shape != first.shape || rows > joinedRows || to-from > int64(joinedTime) ||
			(one.seq > through) != (first.seq > through) {
			return max(n, 1)
		}
	}
	return len(list)
}

// join makes some chunks into one that has the number of the newest; into several
// where they have not the same columns.
func (w *writer) join(list []small) error {
	if list[0].series == 0 {
		return w.joinActivity(list)
	}
	var all quality.Outcomes
	for i, one := range list {
		var blob []byte
		if _, err := w.value(&blob, "SELECT data FROM chunk WHERE seq = ?", one.seq); err != nil {
			return err
		}
		var part quality.Outcomes
		if err := w.coder.Read(blob, &part); err != nil {
			return err
		}
		if all.Len() > 0 && !chunk.Alike(&all, &part) {
			if err := w.insert(list[i-1], &all); err != nil {
				return err
			}
			all = quality.Outcomes{}
		}
		all = chunk.Joined(all, &part)
		if _, err := w.exec("DELETE FROM chunk WHERE seq = ?", one.seq); err != nil {
			return err
		}
	}
	return w.insert(list[len(list)-1], &all)
}

// insert writes rows as the chunk of that number, which is not there.
func (w *writer) insert(as small, o *quality.Outcomes) (err error) {
	if w.blob, err = w.coder.Append(w.blob[:0], o, 0, o.Len()); err != nil {
		return err
	}
	return w.chunk(chunkOf(as.seq, as.series, as.shape, o, 0, o.Len(), w.blob))
}

// joinActivity adds up the activity of each series and minute.
func (w *writer) joinActivity(list []small) error {
	names := make(map[int64][2]string)
	if err := readNames(context.Background(), w.conn, names); err != nil {
		return err
	}
	type minute struct {
		model, version string
		at             int64
	}
	sums := make(map[minute]*quality.Activity)
	for _, one := range list {
		var blob []byte
		if _, err := w.value(&blob, "SELECT data FROM chunk WHERE seq = ?", one.seq); err != nil {
			return err
		}
		part, err := readActivity(blob, names)
		if err != nil {
			return err
		}
		for _, a := range part {
			sum := entry(sums, minute{a.Model, a.Version, a.Minute})
			sum.Model, sum.Version, sum.Minute = a.Model, a.Version, a.Minute
			sum.Predicted += a.Predicted
			sum.Forgotten += a.Forgotten
			sum.Sure += a.Sure
			sum.Confidence += a.Confidence
		}
		if _, err := w.exec("DELETE FROM chunk WHERE seq = ?", one.seq); err != nil {
			return err
		}
	}
	all := make([]quality.Activity, 0, len(sums))
	for _, sum := range sums {
		all = append(all, *sum)
	}
	slices.SortFunc(all, func(a, b quality.Activity) int {
		return cmp.Or(cmp.Compare(a.Minute, b.Minute), cmp.Compare(a.Model, b.Model), cmp.Compare(a.Version, b.Version))
	})
	return w.activityChunk(list[len(list)-1].seq, all)
}
