package inference_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"penstock/inference"
	"penstock/model/modeltest"
)

// series is how many a pool has, whatever it has seen.
const series = 20

func TestMetricsAreWellNamedAndFixedInNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		in := newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1, OnRow: poison(modeltest.Fate{Panic: "poison"}, 1)}}
		p := start(t, m, inference.Options{Workers: 1, Registerer: registry})
		count := func() {
			t.Helper()
			n, err := testutil.GatherAndCount(registry)
			if err != nil || n != series {
				t.Errorf("%d series, %v; want %d", n, err, series)
			}
		}
		count()
		for range 20 {
			s := p.Open(in, inference.Share{})
			mustSubmit(t, s, m.rows(0, 1), m.rows(1, 1), m.rows(2, 3))
			for range 3 {
				<-in
			}
			s.Close()
		}
		count()
		problems, err := testutil.GatherAndLint(registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("lint: %v, %v", problems, err)
		}
	})
}

func TestMetricsSayWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		in := newInbox()
		m := &spy{Oracle: modeltest.Oracle{Features: 1, OnRow: poison(modeltest.Fate{NaN: true}, 9)}}
		m.predict = func([]uint32) { time.Sleep(3 * time.Millisecond) } // the bubble's clock
		p := start(t, m, inference.Options{Workers: 1, Registerer: registry})
		s := p.Open(in, inference.Share{})
		defer s.Close()
		scrape := func() {
			t.Helper()
			err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP penstock_pool_requests_total Requests by how they ended, or why they were not let in.
# TYPE penstock_pool_requests_total counter
penstock_pool_requests_total{model="oracle",outcome="cancelled",version="1"} 0
penstock_pool_requests_total{model="oracle",outcome="discarded",version="1"} 0
penstock_pool_requests_total{model="oracle",outcome="expired",version="1"} 0
penstock_pool_requests_total{model="oracle",outcome="failed",version="1"} 1
penstock_pool_requests_total{model="oracle",outcome="predicted",version="1"} 1
penstock_pool_requests_total{model="oracle",outcome="refused",version="1"} 0
penstock_pool_requests_total{model="oracle",outcome="shed",version="1"} 0
penstock_pool_requests_total{model="oracle",outcome="stopped",version="1"} 0
penstock_pool_requests_total{model="oracle",outcome="unavailable",version="1"} 0
# HELP penstock_pool_batch_rows Rows per batch, as sum and count.
# TYPE penstock_pool_batch_rows summary
penstock_pool_batch_rows_sum{model="oracle",version="1"} 3
penstock_pool_batch_rows_count{model="oracle",version="1"} 2
`), "penstock_pool_requests_total", "penstock_pool_batch_rows")
			if err != nil {
				t.Error(err)
			}
			if got := buckets(t, registry, "penstock_pool_latency_seconds"); got[0.002] != 0 || got[0.005] != 1 || got[10] != 1 {
				t.Errorf("buckets %v; want the one prediction between 2 and 5 ms", got)
			}
		}
		mustSubmit(t, s, m.rows(1, 2))
		mustPredict(t, m, <-in)
		mustSubmit(t, s, m.rows(9, 1))
		mustEnd(t, <-in, inference.Failed)

		scrape()
		mine := inference.NewLatencies()
		p.Latencies(mine)
		if got := mine.Total.Max(); mine.Total.TotalCount() != 1 || got < 2970 || got > 3030 {
			t.Errorf("%d latencies, the longest %d µs; want one of 3000", mine.Total.TotalCount(), got)
		}
		scrape() // reading them hides nothing from Prometheus
		again := inference.NewLatencies()
		p.Latencies(again)
		if !again.Total.Equals(mine.Total) || !again.Queue.Equals(mine.Queue) {
			t.Error("latencies are others when they are read again")
		}
	})
}

// buckets returns a histogram's cumulative counts by upper bound.
func buckets(t *testing.T, g prometheus.Gatherer, name string) map[float64]uint64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[float64]uint64)
	for _, family := range families {
		if family.GetName() == name {
			for _, b := range family.GetMetric()[0].GetHistogram().GetBucket() {
				counts[b.GetUpperBound()] = b.GetCumulativeCount()
			}
		}
	}
	return counts
}

func TestTwoPoolsOfOneModelCannotShareARegistry(t *testing.T) {
	opt := inference.Options{Registerer: prometheus.NewRegistry()}
	m := &spy{Oracle: modeltest.Oracle{Features: 1}}
	first, err := inference.New(m, opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inference.New(m, opt); err == nil {
		t.Error("the second pool registered the same series")
	}
	first.Unregister()
	second, err := inference.New(m, opt)
	if err != nil {
		t.Fatalf("after the first gave its series up: %v", err)
	}
	second.Unregister()
	if n, err := testutil.GatherAndCount(opt.Registerer.(*prometheus.Registry)); n != 0 || err != nil {
		t.Errorf("%d series are left, %v", n, err)
	}
}
