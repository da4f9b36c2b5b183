package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
)

// Cells are how often each true class (the first index) met each predicted one, and the
// names of the classes. Classes of the same name are the same, whatever version of the
// model has them. Both are empty for other kinds, and for models of more than 256
// classes.
func (s *Store) Cells(ctx context.Context, q Query) ([][]uint64, []string, error) {
	shapes := make(map[int64]cells)
	classes := make(map[int64][]string)
	from, to := q.seconds(Hour)
	err := s.over(ctx, &q, func(conn *sql.Conn, series int64, _ string) error {
		err := each(ctx, conn, func(r *sql.Rows) error {
			var shape int64
			var blob sql.RawBytes
			if err := r.Scan(&shape, &blob); err != nil {
				return err
			}
			if shapes[shape] == nil {
				shapes[shape] = make(cells)
			}
			return shapes[shape].read(blob)
		}, "SELECT shape, cells FROM cell WHERE series = ? AND late = ? AND at >= ? AND at < ?", series, q.By, from, to)
		if err != nil {
			return err
		}
		return readClasses(ctx, conn, shapes, classes)
	})
	if err != nil {
		return nil, nil, err
	}
	matrix, names := joined(shapes, classes)
	return matrix, names, nil
}

// readClasses reads the classes of shapes that are not known yet.
func readClasses(ctx context.Context, conn *sql.Conn, shapes map[int64]cells, into map[int64][]string) error {
	for shape := range shapes {
		if into[shape] != nil {
			continue
		}
		var text []byte
		if err := conn.QueryRowContext(ctx, "SELECT classes FROM shape WHERE id = ?", shape).Scan(&text); err != nil {
			return err
		}
		var names []string
		if err := json.Unmarshal(text, &names); err != nil {
			return err
		}
		into[shape] = names
	}
	return nil
}

// joined makes one matrix of those of all shapes, the newest shape's classes first.
func joined(shapes map[int64]cells, classes map[int64][]string) ([][]uint64, []string) {
	var names []string
	places := make(map[string]int)
	order := slices.Sorted(maps.Keys(shapes))
	slices.Reverse(order)
	for _, shape := range order {
		for _, name := range classes[shape] {
			if _, known := places[name]; !known {
				places[name] = len(names)
				names = append(names, name)
			}
		}
	}
	matrix := make([][]uint64, len(names))
	for i := range matrix {
		matrix[i] = make([]uint64, len(names))
	}
	for shape, all := range shapes {
		of := classes[shape]
		for at, count := range all {
			if truth, prediction := int(at/mostClasses), int(at%mostClasses); max(truth, prediction) < len(of) {
				matrix[places[of[truth]]][places[of[prediction]]] += count
			}
		}
	}
	return matrix, names
}
