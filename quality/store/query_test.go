package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"penstock/quality"
	"penstock/quality/store"
	"penstock/quality/store/internal/made"
)

// TestPointsOfVersions are in the order of time, and of the version that is asked for.
func TestPointsOfVersions(t *testing.T) {
	s := open(t, store.Options{})
	in := stream(1, "class")
	for _, version := range []string{"b", "a", "b", "c"} {
		o := in.Take(3000)
		o.Version = version
		write(t, s, batch(o))
	}
	points, err := s.Points(t.Context(), store.Query{Model: "m", By: store.Label})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]uint64{}
	for i, p := range points {
		seen[p.Version] += p.Tally.Labelled
		if i > 0 && (p.At.Before(points[i-1].At) || p.At.Equal(points[i-1].At) && p.Version <= points[i-1].Version) {
			t.Errorf("point %d is of %s %s after %s %s", i, p.At, p.Version, points[i-1].At, points[i-1].Version)
		}
	}
	if diff := cmp.Diff(map[string]uint64{"a": 3000, "b": 6000, "c": 3000}, seen); diff != "" {
		t.Error(diff)
	}
	if n := labelled(t, s, store.Query{Model: "m", Version: "b"}); n != 6000 {
		t.Errorf("version b has %d labels", n)
	}
	if n := labelled(t, s, store.Query{Model: "another"}); n != 0 {
		t.Errorf("a model that there is not has %d labels", n)
	}
}

// TestTimes: points are those of the steps that begin in the time.
func TestTimes(t *testing.T) {
	s := open(t, store.Options{})
	var activity []quality.Activity
	first := time.Unix(0, made.Start).UTC().Truncate(time.Hour)
	for i := range 180 {
		activity = append(activity, quality.Activity{Model: "m", Version: "1", Minute: first.Unix()/60 + int64(i), Predicted: 1})
	}
	write(t, s, quality.Batch{Activity: activity})
	for _, one := range []struct {
		step     store.Step
		from, to time.Duration
		want     int
	}{
		{store.Minute, 0, 3 * time.Hour, 180},
		{store.Minute, 10*time.Minute + 30*time.Second, 20 * time.Minute, 10},
		{store.Minute, 10 * time.Minute, 20*time.Minute + time.Nanosecond, 11},
		{store.Hour, 30 * time.Minute, 2 * time.Hour, 2},
		{store.Hour, time.Hour, time.Hour, 0},
		{store.Day, 30 * time.Minute, time.Hour, 1},
		{store.Month, 30 * time.Minute, time.Hour, 1},
	} {
		points, err := s.Points(t.Context(), store.Query{Model: "m", Step: one.step, From: first.Add(one.from), To: first.Add(one.to)})
		if err != nil || len(points) != one.want {
			t.Errorf("%+v: %d points, %v", one, len(points), err)
		}
	}
}

// TestEvents are of the model and of all, in the order of time.
func TestEvents(t *testing.T) {
	s := open(t, store.Options{})
	events := []quality.Event{
		{At: 300, Kind: "calibration", Model: "m", Version: "1", Text: "three"},
		{At: 100, Kind: "start", Text: "one"},
		{At: 200, Kind: "drift", Model: "other", Text: "two"},
	}
	write(t, s, quality.Batch{Events: events})
	got, err := s.Events(t.Context(), store.Query{Model: "m"})
	if diff := cmp.Diff([]quality.Event{events[1], events[0]}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	got, err = s.Events(t.Context(), store.Query{From: time.Unix(0, 150), To: time.Unix(0, 300)})
	if diff := cmp.Diff([]quality.Event{events[2]}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestManyEvents are told by the newest alone, and kept up to a bound.
func TestManyEvents(t *testing.T) {
	s := open(t, store.Options{})
	const made = 20_000 + 5
	var b quality.Batch
	at := time.Now().Add(-time.Hour).UnixNano()
	for i := range int64(made) {
		b.Events = append(b.Events, quality.Event{At: at + i, Kind: "frozen", Model: "m"})
	}
	write(t, s, b)
	if err := s.Tidy(time.Now()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Events(t.Context(), store.Query{Model: "m"})
	if err != nil || len(got) != store.MostEvents || got[0].At != at+made-store.MostEvents || got[len(got)-1].At != at+made-1 {
		t.Fatalf("%d events, %v; expected the newest %d", len(got), err, store.MostEvents)
	}
	for query, want := range map[store.Query]int{{To: time.Unix(0, at+5)}: 0, {To: time.Unix(0, at+6)}: 1} {
		if got, err := s.Events(t.Context(), query); err != nil || len(got) != want {
			t.Errorf("%d events until %v, %v; expected %d", len(got), query.To, err, want)
		}
	}
}

// TestCellsOfOtherClasses: a class is the same in two versions if its name is.
func TestCellsOfOtherClasses(t *testing.T) {
	s := open(t, store.Options{})
	one := func(version string, classes []string, truth, prediction int) quality.Outcomes {
		o := stream(1, "class").Take(1)
		o.Version, o.Classes = version, classes
		o.Truths[0], o.Values[0] = float64(truth), float32(prediction)
		return o
	}
	write(t, s, batch(one("1", []string{"cat", "dog"}, 0, 1)), batch(one("2", []string{"fox", "dog", "cat"}, 2, 1)))
	cells, classes, err := s.Cells(t.Context(), store.Query{Model: "m"})
	if diff := cmp.Diff([]string{"fox", "dog", "cat"}, classes); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if diff := cmp.Diff([][]uint64{{0, 0, 0}, {0, 0, 0}, {0, 2, 0}}, cells); diff != "" {
		t.Error(diff)
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := open(t, store.Options{Registerer: registry})
	write(t, s, batch(stream(1, "class").Take(7)))
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		m := family.GetMetric()[0]
		got[family.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	if got["penstock_quality_store_rows"] != 7 || got["penstock_quality_store_written_rows_total"] != 7 || got["penstock_quality_store_bytes"] < 4096 || len(got) != 6 {
		t.Errorf("%v", got)
	}
}
