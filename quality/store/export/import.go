package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"penstock/quality"
	"penstock/quality/store"
)

// rowsAtOnce is how many rows are imported in one transaction.
const rowsAtOnce = 16384

// Result is what became of the rows of a table.
type Result struct {
	store.Imported
	Models []string // with their versions, for people
}

// Read reads a table into a store: the rows that are not there, see Store.Import. The
// columns model, version, predicted_at, request_id, prediction and label must be there, in
// any order; a labelled_at that is not there is the predicted_at, and a row 0. Correct is
// not believed, but judged again; where the store knows nothing of a version, a row that
// has one tells that the model predicts classes, and not numbers. Rows with several labels
// are read only of versions that the store knows.
//
// After an error, the rows before are imported; the table can be read again.
func Read(ctx context.Context, s *store.Store, f Format, r io.ReaderAt, size int64) (Result, error) {
	next, err := records(f, r, size)
	if err != nil {
		return Result{}, err
	}
	in := importer{store: s, versions: make(map[[2]string]*version)}
	for n := 1; ; n++ {
		one, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return in.result, badRow(n, err)
		}
		if err := in.add(ctx, n, &one); err != nil {
			return in.result, err
		}
	}
	for _, v := range in.order {
		if err := in.flush(v); err != nil {
			return in.result, err
		}
		in.result.Models = append(in.result.Models, v.o.Model+" "+v.o.Version)
	}
	return in.result, nil
}

func badRow(n int, err error) error {
	var bad *BadRowError
	if errors.As(err, &bad) {
		return err
	}
	return &BadRowError{Row: n, Reason: err.Error()}
}

// importer gathers the rows of each version.
type importer struct {
	store    *store.Store
	versions map[[2]string]*version
	order    []*version
	result   Result
}

// version is one of a model, and its rows that are not imported yet.
type version struct {
	o       quality.Outcomes
	places  map[string]int // of classes
	known   bool           // the store knows what it predicts
	present presence
}

func (in *importer) add(ctx context.Context, n int, r *record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := [2]string{r.Model, r.Version}
	v := in.versions[name]
	if v == nil {
		var err error
		if v, err = in.begin(ctx, r); err != nil {
			return badRow(n, err)
		}
		in.versions[name] = v
		in.order = append(in.order, v)
	}
	if has := presenceOf(r); v.o.Len() > 0 && has != v.present || v.o.Len() >= rowsAtOnce {
		if err := in.flush(v); err != nil {
			return err
		}
	}
	if err := v.add(r); err != nil {
		return badRow(n, err)
	}
	return nil
}

// begin finds out what a version predicts.
func (in *importer) begin(ctx context.Context, r *record) (*version, error) {
	shape, known, err := in.store.Shape(ctx, r.Model, r.Version)
	if err != nil {
		return nil, err
	}
	v := &version{o: shape, known: known, places: make(map[string]int)}
	if !known {
		if err := v.guess(r); err != nil {
			return nil, err
		}
	}
	for i, class := range v.o.Classes {
		v.places[class] = i
	}
	v.o.Classes = slices.Clone(v.o.Classes)
	return v, nil
}

func (in *importer) flush(v *version) error {
	if v.o.Len() == 0 {
		return nil
	}
	done, err := in.store.Import(&v.o)
	if err != nil {
		return fmt.Errorf("model %s version %s: %w", v.o.Model, v.o.Version, err)
	}
	in.result.Added += done.Added
	in.result.Known += done.Known
	in.result.TooOld += done.TooOld
	o := v.o
	v.o = quality.Outcomes{Model: o.Model, Version: o.Version, Kind: o.Kind, Classes: slices.Clone(o.Classes), Width: o.Width, LabelWidth: o.LabelWidth}
	return nil
}
