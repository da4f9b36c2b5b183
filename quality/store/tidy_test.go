package store_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"penstock/quality"
	"penstock/quality/measure"
	"penstock/quality/store"
	"penstock/quality/store/internal/made"
)

func labelled(t *testing.T, s *store.Store, q store.Query) (n uint64) {
	t.Helper()
	points, err := s.Points(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		n += p.Tally.Labelled
	}
	return n
}

// TestKeep: outcomes go by whole chunks when all their predictions are too old; what
// they add up to stays.
func TestKeep(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir(), Keep: time.Hour})
	in := stream(4, "class")
	in.Rate = 1 // 1000 rows in 17 minutes
	for range 10 {
		write(t, s, batch(in.Take(1000)))
	}
	start := time.Unix(0, made.Start)
	if err := s.Tidy(start.Add(2 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	left := rows(t, s, store.Query{Model: "m"})
	if left.Len() == 0 || left.Len() == 10_000 || left.Len()%1000 != 0 || uint64(left.Len()) != s.Status().Rows {
		t.Fatalf("%d rows are left, by the status %d", left.Len(), s.Status().Rows)
	}
	if got := rows(t, s, store.Query{Model: "m", From: start.Add(time.Hour)}); got.Len() < 5000 {
		t.Errorf("%d rows of the hour that is kept", got.Len())
	}
	if n := labelled(t, s, store.Query{Model: "m"}); n != 10_000 {
		t.Errorf("the minutes have %d labels", n)
	}
	if err := s.Tidy(start.AddDate(0, 2, 0)); err != nil {
		t.Fatal(err)
	}
	minutes, hours := labelled(t, s, store.Query{Model: "m"}), labelled(t, s, store.Query{Model: "m", Step: store.Hour})
	if minutes != 0 || hours != 10_000 {
		t.Errorf("after two months minutes have %d labels, hours %d", minutes, hours)
	}
	if err := s.Tidy(start.AddDate(0, 14, 0)); err != nil {
		t.Fatal(err)
	}
	if n := labelled(t, s, store.Query{Model: "m", Step: store.Month}); n != 0 {
		t.Errorf("after 14 months %d labels", n)
	}
	if cells, _, err := s.Cells(t.Context(), store.Query{Model: "m"}); err != nil || len(cells) != 0 {
		t.Errorf("after 14 months cells %v, %v", cells, err)
	}
}

// TestBytes: above the bound the oldest outcomes go, and the newest stay.
func TestBytes(t *testing.T) {
	t.Parallel()
	const most = 1 << 20
	s := open(t, store.Options{Dir: t.TempDir(), Bytes: most})
	in := stream(5, "class")
	in.Rate = 1e5
	in.Delay = 0.1
	last := quality.Outcomes{}
	for range 20 {
		last = in.Take(5000)
		write(t, s, batch(last))
	}
	if s.Status().Bytes < most {
		t.Fatal("the database is too small for this test")
	}
	if err := s.Tidy(time.Unix(0, made.Start)); err != nil {
		t.Fatal(err)
	}
	if st := s.Status(); st.Bytes > most || st.Bytes < most*3/4 {
		t.Errorf("%d bytes; expected a little less than %d", st.Bytes, most)
	}
	left := rows(t, s, store.Query{Model: "m"})
	if n := left.Len(); n < 5000 || left.Predicted[n-1] != last.Predicted[4999] {
		t.Errorf("%d rows are left, and not the newest", n)
	}
}

// TestMinutesGoLast: where what rows add up to is too much, minutes go, and hours stay.
func TestMinutesGoLast(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{Bytes: 1 << 20})
	var activity []quality.Activity
	for i := range 24_000 {
		activity = append(activity, quality.Activity{Model: "m", Version: "1", Minute: made.Start/int64(time.Minute) + int64(i), Predicted: 1e9, Sure: 1e9, Confidence: 0.1})
	}
	write(t, s, quality.Batch{Activity: activity})
	if s.Status().Bytes < 1<<20 {
		t.Fatal("the database is too small for this test")
	}
	for range 3 {
		if err := s.Tidy(time.Unix(0, made.Start)); err != nil {
			t.Fatal(err)
		}
	}
	minutes, err := s.Points(t.Context(), store.Query{Model: "m"})
	if err != nil || len(minutes) == 0 || len(minutes) > 16_000 || s.Status().Bytes > 1<<20 {
		t.Errorf("%d minutes are left in %d bytes, %v", len(minutes), s.Status().Bytes, err)
	}
	if last := minutes[len(minutes)-1].At; last.Unix()/60 != activity[len(activity)-1].Minute {
		t.Errorf("the newest minute that is left is %s", last)
	}
	hours, err := s.Points(t.Context(), store.Query{Model: "m", Step: store.Hour})
	if err != nil || len(hours) != 401 {
		t.Errorf("%d hours are left, %v", len(hours), err)
	}
}

// TestJoin: small chunks become few; no row and no replay changes.
func TestJoin(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		t.Run(fmt.Sprintf("disk=%t", dir != ""), func(t *testing.T) {
			s := open(t, store.Options{Dir: dir})
			in := stream(6, "class")
			var all, since quality.Outcomes
			for i := range 60 {
				o := in.Take(10)
				all = joined(all, o)
				if i >= 30 {
					since = joined(since, o)
				}
				write(t, s, quality.Batch{Outcomes: []quality.Outcomes{o}, Activity: []quality.Activity{{Model: "m", Version: "1", Minute: made.Start / int64(time.Minute), Predicted: 10}}})
				if i == 29 {
					if err := saved(s, func(io.Writer) error { return nil }); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := s.Tidy(time.Unix(0, made.Start)); err != nil {
				t.Fatal(err)
			}
			want := 2
			if dir == "" { // there is no checkpoint
				want, since = 1, all
			}
			if outcomes, activity := s.Chunks(t); outcomes != want || activity != want {
				t.Errorf("%d chunks of outcomes and %d of activity; expected %d", outcomes, activity, want)
			}
			if diff := cmp.Diff(all, rows(t, s, store.Query{Model: "m"}), alike); diff != "" {
				t.Error(diff)
			}
			var replayed quality.Outcomes
			predicted := uint64(0)
			if err := s.Replay(func(b *quality.Batch) error {
				for _, o := range b.Outcomes {
					replayed = joined(replayed, o)
				}
				for _, a := range b.Activity {
					predicted += a.Predicted
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(since, replayed, alike); diff != "" || predicted != uint64(since.Len()) {
				t.Errorf("%d predicted; %s", predicted, diff)
			}
		})
	}
}

// TestJoinOfOtherColumns: chunks that lack a column stay apart from those that have it.
func TestJoinOfOtherColumns(t *testing.T) {
	s := open(t, store.Options{})
	in := stream(7, "class")
	var want []quality.Outcomes
	for i := range 20 {
		o := in.Take(10)
		if i < 12 {
			o.Shown = nil
		}
		want = append(want, o)
		write(t, s, batch(o))
	}
	if err := s.Tidy(time.Unix(0, made.Start)); err != nil {
		t.Fatal(err)
	}
	var before, after quality.Outcomes
	for i, o := range want {
		if i < 12 {
			before = joined(before, o)
		} else {
			after = joined(after, o)
		}
	}
	var got []quality.Outcomes
	if err := s.Outcomes(t.Context(), store.Query{Model: "m"}, false, func(o *quality.Outcomes) error {
		got = append(got, joined(quality.Outcomes{}, *o))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]quality.Outcomes{before, after}, got, alike); diff != "" {
		t.Error(diff)
	}
}

// TestSlices: who predicted, which version and which bin, by what the rows say.
func TestSlices(t *testing.T) {
	s := open(t, store.Options{})
	in := stream(8, "class")
	versions, callers, bins := map[string]measure.Slice{}, map[string]measure.Slice{}, map[string]measure.Slice{}
	matrix := make([][]uint64, 5)
	for i := range matrix {
		matrix[i] = make([]uint64, 5)
	}
	count := func(in map[string]measure.Slice, name string, correct bool) {
		one := in[name]
		one.Name = name
		one.Labelled++
		if correct {
			one.Correct++
		}
		in[name] = one
	}
	for i := range 10 {
		o := in.Take(100)
		o.Version = fmt.Sprint(i % 3)
		for j := range 100 {
			bin := uint8(in.Random.IntN(4))
			o.Slices = append(o.Slices, bin)
			count(versions, o.Version, o.Verdicts[j].Correct)
			count(callers, o.Callers[j], o.Verdicts[j].Correct)
			count(bins, fmt.Sprint(bin), o.Verdicts[j].Correct)
			matrix[int(o.Truths[j])][int(o.Values[j])]++
		}
		write(t, s, batch(o))
	}
	q := store.Query{Model: "m", By: store.Label}
	for name, one := range map[string]struct {
		want map[string]measure.Slice
		got  func() ([]measure.Slice, error)
	}{
		"versions": {versions, func() ([]measure.Slice, error) { return s.Versions(t.Context(), q) }},
		"callers":  {callers, func() ([]measure.Slice, error) { return s.Callers(t.Context(), q) }},
		"bins":     {bins, func() ([]measure.Slice, error) { return s.Slices(t.Context(), q) }},
	} {
		list, err := one.got()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]measure.Slice{}
		for i, slice := range list {
			got[slice.Name] = slice
			if i > 0 && slice.Labelled > list[i-1].Labelled {
				t.Errorf("%s: the one with the most labels is not first", name)
			}
		}
		if diff := cmp.Diff(one.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	cells, classes, err := s.Cells(t.Context(), q)
	if diff := cmp.Diff(matrix, cells); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if diff := cmp.Diff(made.Classes(5), classes); diff != "" {
		t.Error(diff)
	}
}

// TestManyCallers: beyond a thousand, callers of an hour are counted together.
func TestManyCallers(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{})
	in := stream(9, "class")
	o := in.Take(3000)
	for i := range o.Callers {
		o.Callers[i] = fmt.Sprint(i)
	}
	write(t, s, batch(o))
	list, err := s.Callers(t.Context(), store.Query{Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	total := uint64(0)
	for _, one := range list {
		total += one.Labelled
	}
	if total != 3000 || len(list) > 1001 || list[0].Name != store.Others {
		t.Errorf("%d callers with %d labels, the first %+v", len(list), total, list[0])
	}
}

// TestSlowReader: somebody who reads all outcomes and takes long does not have the files
// grow beyond their bound, and sees what was there, once.
func TestSlowReader(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Options{Dir: dir})
	in := stream(12, "class")
	for range 20 {
		write(t, s, batch(in.Take(10)))
	}
	read, written := 0, false
	err := s.Outcomes(t.Context(), store.Query{Model: "m"}, false, func(o *quality.Outcomes) error {
		read += o.Len()
		if written {
			return nil
		}
		written = true
		for range 80 {
			write(t, s, batch(in.Take(5000)))
		}
		return s.Tidy(time.Unix(0, made.Start))
	})
	if err != nil || read != 200 {
		t.Errorf("%d rows are read, %v; expected the 200 that were there", read, err)
	}
	log, err := os.Stat(filepath.Join(dir, "quality.db-wal"))
	if err != nil || log.Size() > 8<<20 {
		t.Errorf("the log has %d bytes, %v; expected some MiB", log.Size(), err)
	}
}
