package monitor_test

import (
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"penstock/inference"
	"penstock/monitor"
	"penstock/quality"
)

func (w *world) add(name, version string) monitor.Watched {
	w.t.Helper()
	series, err := w.store.Add(quality.Model{Name: name, Version: version, Judge: quality.NewClassJudge([]string{"a", "b"})})
	if err != nil {
		w.t.Fatal(err)
	}
	one := monitor.Watched{Name: name, Version: version, Pool: newFakePool(&w.mu), Series: series}
	w.models = append(w.models, one)
	return one
}

func (w *world) drop(one monitor.Watched) {
	w.store.Remove(one.Series)
	w.models = slices.DeleteFunc(w.models, func(other monitor.Watched) bool { return other == one })
}

func (w *world) keys() (keys []string) {
	for key := range w.latest().Models {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func TestVersionsAreTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.Registerer = registry })
		first := w.models[0]
		expect := func(want ...string) {
			t.Helper()
			w.tick(1, nil)
			if got := w.keys(); !slices.Equal(got, want) {
				t.Errorf("models %q; expected %q", got, want)
			}
		}
		w.label(4, 3)
		w.pool.took(time.Millisecond, time.Millisecond, 10)
		expect("digits")
		second := w.add("digits", "2")
		pool := second.Pool.(*fakePool)
		pool.stats.RowsPredicted, pool.stats.Predicted = 1_000_000, 1_000_000 // of before it was watched
		expect("digits@1", "digits@2")
		if f := w.latest(); f.Models["digits@1"].LatencyMS.P50 == nil || f.Models["digits@2"].PredictionsPerSecond != 0 || f.PredictionsPerSecond != 0 {
			t.Errorf("%+v", f)
		}
		w.drop(first)
		pool.stats.RowsPredicted += 7
		pool.took(time.Second, time.Millisecond, 1)
		expect("digits")
		f := w.latest().Models["digits"]
		if f.Version != "2" || f.PredictionsPerSecond != 7 || f.Labelled != 0 || *f.LatencyMS.P50 < 900 {
			t.Errorf("%+v", f)
		}
		if n, err := testutil.GatherAndCount(registry, "penstock_model_accuracy"); err != nil || n != 0 {
			t.Errorf("%d accuracies of models without labels, %v", n, err)
		}
		w.models = nil
		expect()
	})
}

func TestAlertsOfAModelThatGoes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   string
	}{
		"gone": {
			func(w *world) { w.models = nil },
			"The fill of the queue (model digits) is no longer watched, as it is no longer served; it was 60.0 % at worst and 55.0 % at last.",
		},
		"another version takes over": {
			func(w *world) { w.models[0].Version = "2"; w.models[0].Pool = newFakePool(&w.mu) },
			"The fill of the queue (model digits) is no longer watched, as it is no longer served; it was 60.0 % at worst and 55.0 % at last.",
		},
		"another version comes": {
			func(w *world) { w.add("digits", "2"); w.pool.stats.QueueRows = 0 },
			"The fill of the queue (model digits) is no longer watched, as it is shown as digits@1 now; it was 60.0 % at worst and 55.0 % at last.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.queue(60, 3)
				w.queue(55, 1)
				c.change(w)
				w.tick(1, nil)
				w.expect("3 queue_share warning firing", "5 queue_share warning resolved")
				over := w.State().Recent()[1].Alert
				if over.Message != c.want || over.ID != "queue_share:digits" || len(w.State().Firing()) != 0 {
					t.Errorf("%+v", over)
				}
				w.tick(20, nil)
				w.expect("3 queue_share warning firing", "5 queue_share warning resolved")
			})
		})
	}
}

// A fall is told of the version that fell, whatever the other does.
func TestAFallOfOneVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.add("digits", "2")
		w.tick(20, func() { w.label(100, 100) })
		w.tick(2, func() { w.label(100, 10) })
		firing := w.State().Firing()
		if len(firing) != 1 || firing[0].ID != "model_accuracy:digits@1" {
			t.Errorf("%+v", firing)
		}
	})
}

// Merged readings say what one machine would that did all of it.
func TestReadingsAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var readings []*monitor.Reading
		for i := range 2 {
			w := newWorld(t, nil)
			w.pool.stats.RowsPredicted = uint64(100 * (i + 1))
			w.pool.took(time.Duration(i+1)*time.Millisecond, time.Millisecond, 10)
			w.traffic = monitor.Traffic{Received: 5, Connections: 2}
			w.machine.cpu = 1
			w.label(10, 5+i)
			if i == 1 {
				w.add("other", "1")
			}
			w.tick(1, nil)
			readings = append(readings, w.State().Reading())
			w.mu.Unlock()
			w.end()
		}
		own := readings[0].Models[0].Latencies.Total.TotalCount()
		sum := *readings[0]
		sum.Merge(readings[1])
		if len(sum.Models) != 2 || len(readings[0].Models) != 1 || readings[0].Models[0].Latencies.Total.TotalCount() != own {
			t.Fatalf("%+v of %+v", sum, readings[0])
		}
		one := sum.Models[0]
		if one.Stats.RowsPredicted != 300 || one.Stats.Workers != 4 || one.Latencies.Total.TotalCount() != 20 || one.Latencies.Total.Max() < 1990 {
			t.Errorf("%+v", one)
		}
		if q := one.Quality.SinceStart; q.Labelled != 20 || *q.Accuracy() != 0.55 {
			t.Errorf("%+v", q)
		}
		if sum.Traffic.Received != 10 || sum.Usage.CPUs != 4 || sum.Usage.CPUSeconds != 2 || sum.Labellers.Labels != 20 {
			t.Errorf("%+v", sum)
		}
	})
}

// Every number of a reading is added up, those included that others add to the
// structs later.
func TestMergeForgetsNoNumber(t *testing.T) {
	filled := func() *monitor.Reading {
		r := &monitor.Reading{Models: []monitor.ModelReading{{
			Name: "m", Version: "1", Latencies: inference.NewLatencies(), Quality: &quality.Ranges{},
		}}}
		for _, v := range []any{&r.Traffic, &r.Usage, &r.Models[0].Stats, r.Models[0].Quality} {
			fill(reflect.ValueOf(v).Elem(), 1)
		}
		return r
	}
	twice := filled()
	twice.Merge(filled())
	for _, v := range []any{twice.Traffic, twice.Usage, twice.Models[0].Stats, *twice.Models[0].Quality} {
		want := reflect.New(reflect.TypeOf(v)).Elem()
		fill(want, 2)
		if got := v; !reflect.DeepEqual(got, want.Interface()) {
			t.Errorf("%+v; expected %+v", got, want)
		}
	}
}

// fill sets all numbers that are counts.
func fill(v reflect.Value, n int) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			fill(f, n)
		case reflect.Int:
			f.SetInt(int64(n))
		case reflect.Uint64:
			f.SetUint(uint64(n))
		case reflect.Float64:
			f.SetFloat(float64(n))
		}
	}
}
