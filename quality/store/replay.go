package store

import (
	"context"
	"database/sql"
	"errors"

	"penstock/quality"
)

// Replay calls each with everything that was written after the checkpoint, in its
// order: batches with outcomes or activity. Without a checkpoint that LoadCheckpoint
// would give, that is all that is kept. A batch is good until each returns.
func (s *Store) Replay(each func(*quality.Batch) error) error {
	ctx := context.Background()
	after, err := s.through()
	if err != nil {
		return err
	}
	return s.snapshot(ctx, func(ask asker) error {
		list, names, err := chunksAfter(ctx, ask, after)
		if err != nil {
			return explained(s.options.Dir, err)
		}
		r := chunkReader{ask: ask}
		for _, one := range list {
			b, err := r.batch(ctx, one, names)
			if err != nil {
				return explained(s.options.Dir, err)
			}
			if b == nil {
				continue
			}
			if err := each(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// through is the newest chunk that the checkpoint has seen, 0 if there is no good one.
func (s *Store) through() (int64, error) {
	file, t, _, err := s.openCheckpoint()
	if file != nil {
		_ = file.Close()
	}
	if err == nil && file != nil {
		err = s.belongs(t)
	}
	var bad *CheckpointError
	if errors.As(err, &bad) {
		return 0, nil
	}
	return t.Through, err
}

func chunksAfter(ctx context.Context, ask asker, after int64) (list []chunkName, names map[int64][2]string, err error) {
	names = make(map[int64][2]string)
	err = ask(func(conn *sql.Conn) error {
		if err := readNames(ctx, conn, names); err != nil {
			return err
		}
		return each(ctx, conn, func(r *sql.Rows) error {
			var one chunkName
			var series, shape sql.NullInt64
			err := r.Scan(&one.seq, &series, &shape)
			one.shape = shape.Int64
			one.model, one.version = names[series.Int64][0], names[series.Int64][1]
			list = append(list, one)
			return err
		}, "SELECT seq, series, shape FROM chunk WHERE seq > ? ORDER BY seq", after)
	})
	return list, names, err
}

// batch reads a chunk of outcomes or activity; nil if it is no longer there.
func (r *chunkReader) batch(ctx context.Context, one chunkName, names map[int64][2]string) (*quality.Batch, error) {
	if one.shape != 0 {
		o, err := r.read(ctx, one)
		if o == nil || err != nil {
			return nil, err
		}
		return &quality.Batch{Outcomes: []quality.Outcomes{*o}}, nil
	}
	found, err := r.fetch(ctx, one.seq)
	if !found || err != nil {
		return nil, err
	}
	list, err := readActivity(r.blob, names)
	return &quality.Batch{Activity: list}, err
}

// readNames reads the models and versions of all series.
func readNames(ctx context.Context, conn *sql.Conn, into map[int64][2]string) error {
	return each(ctx, conn, func(r *sql.Rows) error {
		var id int64
		var name [2]string
		err := r.Scan(&id, &name[0], &name[1])
		into[id] = name
		return err
	}, "SELECT id, model, version FROM series")
}
