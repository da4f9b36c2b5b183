package store_test

import (
	"errors"
	"io"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"penstock/quality"
	"penstock/quality/store"
	"penstock/quality/store/chunk"
	"penstock/quality/store/internal/made"
)

const forEver = 100 * 365 * 24 * time.Hour

// TestImportCountsOnce: however rows are cut into imports, repeated, and mixed with
// rows that were written before, each is there once.
func TestImportCountsOnce(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{Keep: forEver})
	version := 0
	rapid.Check(t, func(rt *rapid.T) {
		version++ // the store has none of it
		all := stream(rapid.Uint64().Draw(rt, "seed"), "class").Take(60)
		all.Version = strconv.Itoa(version)
		there := map[int]bool{}
		row := rapid.IntRange(0, all.Len()-1)
		for range rapid.IntRange(1, 6).Draw(rt, "imports") {
			picked := rapid.SliceOfN(row, 1, 40).Draw(rt, "rows")
			fresh := 0
			for _, i := range picked {
				if !there[i] {
					fresh++
				}
				there[i] = true
			}
			got, err := s.Import(chunk.Pick(&all, picked))
			if want := (store.Imported{Added: fresh, Known: len(picked) - fresh}); err != nil || got != want {
				rt.Fatalf("%+v, %v; expected %+v", got, err, want)
			}
		}
		points, err := s.Points(t.Context(), store.Query{Model: "m", Version: all.Version, Step: store.Month})
		if err != nil || len(points) != 1 || points[0].Tally.Labelled != uint64(len(there)) || points[0].Tally.Predicted != uint64(len(there)) {
			rt.Fatalf("%+v, %v; expected %d", points, err, len(there))
		}
	})
}

// TestImportKnowsWhatWasThere: rows that were given up, by age or for bytes, are not
// added again.
func TestImportKnowsWhatWasThere(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{Dir: t.TempDir(), Keep: forEver, Bytes: 1 << 20})
	in := stream(1, "class")
	var all []quality.Outcomes
	for range 20 {
		all = append(all, in.Take(5000))
		write(t, s, batch(all[len(all)-1]))
	}
	if err := s.Tidy(time.Unix(0, made.Start)); err != nil {
		t.Fatal(err)
	}
	kept := s.Status().Rows
	if kept == 0 || kept == 100_000 {
		t.Fatalf("%d rows are kept", kept)
	}
	for i := range all {
		got, err := s.Import(&all[i])
		if err != nil || got.Added != 0 || got.Known+got.TooOld != 5000 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	old := stream(2, "class").Take(10)
	young := open(t, store.Options{}) // keeps 30 days
	if got, err := young.Import(&old); err != nil || got.TooOld != 10 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestReadWhileWritten: another process may ask while the server writes, and after it
// ended; it cannot write.
func TestReadWhileWritten(t *testing.T) {
	dir := t.TempDir()
	if _, err := store.OpenToRead(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder without a store: %v", err)
	}
	s := open(t, store.Options{Dir: dir})
	o := stream(1, "class").Take(100)
	write(t, s, batch(o))
	check := func() {
		t.Helper()
		reader, err := store.OpenToRead(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = reader.Close() }()
		if diff := cmp.Diff(o, rows(t, reader, store.Query{Model: "m"}), alike); diff != "" {
			t.Error(diff)
		}
		b := batch(o)
		if err := reader.Write(&b); !errors.Is(err, store.ErrToRead) {
			t.Errorf("Write: %v", err)
		}
		if err := saved(reader, func(io.Writer) error { return nil }); !errors.Is(err, store.ErrToRead) {
			t.Errorf("Checkpoint: %v", err)
		}
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check()
}

// TestAsksAtOnce: questions see whole batches, whatever is written, joined and given up
// meanwhile.
func TestAsksAtOnce(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", t.TempDir()} {
		s := open(t, store.Options{Dir: dir})
		in := stream(1, "class")
		var writers, readers sync.WaitGroup
		done := make(chan struct{})
		writers.Go(func() {
			defer close(done)
			for i := range 40 {
				b := batch(in.Take(25))
				if err := s.Write(&b); err != nil {
					t.Error(err)
				}
				if i%5 == 4 {
					if err := s.Tidy(time.Unix(0, made.Start)); err != nil {
						t.Error(err)
					}
				}
			}
		})
		for range 3 {
			readers.Go(func() {
				for ended := false; !ended; {
					select {
					case <-done:
						ended = true
					default:
					}
					n, last := 0, int64(0)
					err := s.Outcomes(t.Context(), store.Query{Model: "m"}, false, func(o *quality.Outcomes) error {
						n += o.Len()
						if o.Labelled[0] < last {
							t.Error("rows are out of order")
						}
						last = o.Labelled[o.Len()-1]
						return nil
					})
					if err != nil || n%25 != 0 {
						t.Errorf("%d rows, %v", n, err)
					}
					if _, err := s.Points(t.Context(), store.Query{Model: "m"}); err != nil {
						t.Error(err)
					}
				}
				if n := labelled(t, s, store.Query{Model: "m"}); n != 1000 {
					t.Errorf("%d labels in the end", n)
				}
			})
		}
		writers.Wait()
		readers.Wait()
	}
}

// TestNewestFirst gives rows in the opposite order, of the time that is asked for, and
// ends when it is told to.
func TestNewestFirst(t *testing.T) {
	s := open(t, store.Options{})
	in := stream(1, "values")
	var all quality.Outcomes
	for range 5 {
		o := in.Take(20)
		all = joined(all, o)
		write(t, s, batch(o))
	}
	from, to := all.Labelled[30], all.Labelled[90]
	q := store.Query{Model: "m", By: store.Label, From: time.Unix(0, from), To: time.Unix(0, to)}
	var want []int
	for i := all.Len() - 1; i >= 0; i-- {
		if at := all.Labelled[i]; at >= from && at < to {
			want = append(want, i)
		}
	}
	var got quality.Outcomes
	calls := 0
	if err := s.Outcomes(t.Context(), q, true, func(o *quality.Outcomes) error {
		calls++
		got = joined(got, *o)
		return nil
	}); err != nil || calls < 3 {
		t.Fatal(calls, err)
	}
	if diff := cmp.Diff(*chunk.Pick(&all, want), got, alike); diff != "" {
		t.Error(diff)
	}
}
