package store_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"penstock/quality"
	"penstock/quality/measure"
	"penstock/quality/store"
	"penstock/quality/store/chunk"
	"penstock/quality/store/internal/made"
)

// alike compares scopes as they are, and no column with an empty one as the same.
var alike = cmp.Options{cmp.Comparer(func(a, b quality.Scope) bool { return a == b }), cmpopts.EquateEmpty()}

func open(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func stream(seed uint64, kind string) *made.Stream {
	return &made.Stream{Random: rand.New(rand.NewPCG(seed, 0)), Kind: kind, Classes: made.Classes(5), Width: 2, Clients: 4, Rate: 20, Delay: 90}
}

func write(t *testing.T, s *store.Store, batches ...quality.Batch) {
	t.Helper()
	for i := range batches {
		if err := s.Write(&batches[i]); err != nil {
			t.Fatal(err)
		}
	}
}

func batch(all ...quality.Outcomes) quality.Batch { return quality.Batch{Outcomes: all} }

// rows are all outcomes of a query, in one.
func rows(t *testing.T, s *store.Store, q store.Query) quality.Outcomes {
	t.Helper()
	var all quality.Outcomes
	err := s.Outcomes(t.Context(), q, false, func(o *quality.Outcomes) error {
		all = joined(all, *o)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// joined are the rows of a, and then those of b, in memory of their own.
func joined(a, b quality.Outcomes) quality.Outcomes {
	return chunk.Joined(chunk.Joined(quality.Outcomes{}, &a), &b)
}

// TestOutcomesStay: what was written is there after the store was closed and opened.
func TestOutcomesStay(t *testing.T) {
	for _, kind := range []string{"class", "labels", "values"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, store.Options{Dir: dir})
			in := stream(1, kind)
			var all quality.Outcomes
			for range 5 {
				o := in.Take(100)
				all = joined(all, o)
				write(t, s, batch(o))
			}
			key := s.Key()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, store.Options{Dir: dir})
			if diff := cmp.Diff(all, rows(t, s, store.Query{Model: "m"}), alike); diff != "" {
				t.Error(diff)
			}
			if s.Key() != key {
				t.Error("the key is another one after a restart")
			}
			if st := s.Status(); st.Rows != 500 || st.Where != "disk" || st.Degraded || !st.Oldest.Equal(time.Unix(0, oldest(all))) {
				t.Errorf("status %+v", st)
			}
		})
	}
}

func oldest(o quality.Outcomes) int64 {
	at := o.Predicted[0]
	for _, p := range o.Predicted {
		at = min(at, p)
	}
	return at
}

// TestPoints: the points of every step and both times add up to the tally of all
// rows, and each is that of the rows of its time.
func TestPoints(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", t.TempDir()} {
		s := open(t, store.Options{Dir: dir})
		in := stream(2, "class")
		in.Rate = 0.02 // over days
		in.Delay = 7200
		var all quality.Outcomes
		for range 10 {
			o := in.Take(30)
			all = joined(all, o)
			write(t, s, batch(o))
		}
		for _, step := range []store.Step{store.Minute, store.Hour, store.Day, store.Month} {
			for by, times := range map[store.By][]int64{store.Prediction: all.Predicted, store.Label: all.Labelled} {
				comparePoints(t, s, store.Query{Model: "m", Step: step, By: by}, &all, times)
			}
		}
	}
}

func comparePoints(t *testing.T, s *store.Store, q store.Query, all *quality.Outcomes, times []int64) {
	t.Helper()
	want := make(map[time.Time]*measure.Tally)
	for i, at := range times {
		begin := begins(time.Unix(0, at).UTC(), q.Step)
		if want[begin] == nil {
			want[begin] = new(measure.Tally)
		}
		want[begin].AddOutcome(all, i)
	}
	points, err := s.Points(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(points) != len(want) {
		t.Errorf("%d points; expected %d", len(points), len(want))
	}
	for _, p := range points {
		if want[p.At] == nil || p.Version != "1" {
			t.Fatalf("a point at %s of version %s", p.At, p.Version)
		}
		if diff := cmp.Diff(*want[p.At], p.Tally, cmpopts.EquateApprox(1e-9, 1e-9)); diff != "" {
			t.Errorf("%s: %s", p.At, diff)
		}
	}
}

func begins(at time.Time, step store.Step) time.Time {
	switch step {
	case store.Minute:
		return at.Truncate(time.Minute)
	case store.Hour:
		return at.Truncate(time.Hour)
	case store.Day:
		return at.Truncate(24 * time.Hour)
	}
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// TestCheckpoint: after a restart there is the checkpoint, and what was written since.
func TestCheckpoint(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Options{Dir: dir})
	in := stream(3, "class")
	before, after := in.Take(50), in.Take(70)
	write(t, s, batch(before))
	if err := saved(s, func(w io.Writer) error {
		_, err := io.WriteString(w, "what waits")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	activity := []quality.Activity{{Model: "m", Version: "1", Minute: 29_558_006, Predicted: 7, Forgotten: 2, Sure: 5, Confidence: 4.5}}
	write(t, s, batch(after), quality.Batch{Activity: activity})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, store.Options{Dir: dir})
	if got := checkpoint(t, s); got != "what waits" {
		t.Errorf("checkpoint %q", got)
	}
	var got quality.Batch
	err := s.Replay(func(b *quality.Batch) error {
		for _, o := range b.Outcomes {
			got.Outcomes = append(got.Outcomes, joined(quality.Outcomes{}, o))
		}
		got.Activity = append(got.Activity, b.Activity...)
		return nil
	})
	if diff := cmp.Diff(quality.Batch{Outcomes: []quality.Outcomes{after}, Activity: activity}, got, alike); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func checkpoint(t *testing.T, s *store.Store) string {
	t.Helper()
	var got []byte
	found, err := s.LoadCheckpoint(func(r io.Reader) (err error) {
		got, err = io.ReadAll(r)
		return err
	})
	if err != nil || !found {
		t.Fatalf("found %t, %v", found, err)
	}
	return string(got)
}

// TestOneProcess: a folder that is in use is refused, and free after Close.
func TestOneProcess(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Options{Dir: dir})
	var locked *store.LockedError
	if _, err := store.Open(store.Options{Dir: dir}); !errors.As(err, &locked) {
		t.Errorf("a second one: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, store.Options{Dir: dir})
}

// saved takes a checkpoint of what does not change meanwhile.
func saved(s *store.Store, write func(io.Writer) error) error {
	return s.Checkpoint(func(w io.Writer, _ *quality.Batch) error { return write(w) })
}
