package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"penstock/inference"
	"penstock/model/modeltest"
	"penstock/weights"
	"penstock/weights/engines"
)

// books checks that every request is accounted for.
func books(t *testing.T, r Report) {
	t.Helper()
	if r.Offered != r.Predicted+sum(r.Errors)+sum(r.Unsent)+r.Unanswered {
		t.Errorf("requests are missing: %+v", r)
	}
	if r.Latency.Count != r.Predicted {
		t.Errorf("%d latencies of %d predictions", r.Latency.Count, r.Predicted)
	}
}

func oracleRows(o *modeltest.Oracle, n uint32) (rows [][]float32) {
	for nonce := range n {
		rows = append(rows, o.Row(nonce))
	}
	return rows
}

func TestOpenLoop(t *testing.T) {
	oracle := &modeltest.Oracle{Features: 3, Classes: 4}
	reach := serve(t, oracle, inference.Options{})
	r, err := Load{URL: address, Connections: 3, Rate: 2000, Duration: 500 * time.Millisecond, Warmup: 100 * time.Millisecond,
		Rows: 2, Features: oracleRows(oracle, 10), Client: reach}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	books(t, r)
	if r.Offered < 800 || r.Offered > 1200 { // 1000 ± 6 sigma
		t.Errorf("offered %d requests; expected about 1000", r.Offered)
	}
	if r.Predicted != r.Offered || r.Seconds != 0.5 || r.RowsPerSecond != 2*r.Goodput || r.Lag.Count != r.Offered {
		t.Errorf("got %+v", r)
	}
}

// A server that stands still for a while is charged with every request that
// was due meanwhile.
func TestNoCoordinatedOmission(t *testing.T) {
	const still = 300 * time.Millisecond
	stuck := make(chan struct{})
	var first sync.Once // the stall begins with the first row
	oracle := &modeltest.Oracle{Features: 3, Classes: 4, OnRow: func(uint32) modeltest.Fate {
		first.Do(func() { time.AfterFunc(still, func() { close(stuck) }) })
		return modeltest.Fate{Wait: stuck}
	}}
	reach := serve(t, oracle, inference.Options{})
	r, err := Load{URL: address, Connections: 4, Rate: 1000, Duration: 2 * still,
		Features: oracleRows(oracle, 10), Client: reach}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	books(t, r)
	// About half of the requests were due while nothing moved, and waited for
	// half of that time on average.
	if r.Latency.Mean < float64(still.Milliseconds())/8 || r.Latency.P95 < float64(still.Milliseconds())/2 {
		t.Errorf("latencies %+v hide a stall of %v", r.Latency, still)
	}
}

func TestShedsAndUnsentAreCounted(t *testing.T) {
	stuck := make(chan struct{})
	oracle := &modeltest.Oracle{Features: 3, Classes: 4, OnRow: func(uint32) modeltest.Fate { return modeltest.Fate{Wait: stuck} }}
	reach := serve(t, oracle, inference.Options{Workers: 1, MaxBatch: 4, QueueRows: 8, Window: 8})
	defer close(stuck)
	r, err := Load{URL: address, Connections: 2, Rate: 1000, Duration: 300 * time.Millisecond, Drain: 50 * time.Millisecond,
		Features: oracleRows(oracle, 10), Client: reach}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	books(t, r)
	if r.Shed == 0 || r.Errors["overloaded"] != r.Shed || r.ShedLatency.Count != r.Shed || r.Unanswered == 0 || r.Goodput != 0 {
		t.Errorf("got %+v", r)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "no answer when the run ended") {
		t.Errorf("%v\n%s", err, &text)
	}
}

func TestClosedLoop(t *testing.T) {
	oracle := &modeltest.Oracle{Features: 3, Classes: 4}
	reach := serve(t, oracle, inference.Options{})
	r, err := Load{URL: address, Connections: 2, InFlight: 8, Duration: 300 * time.Millisecond,
		Features: oracleRows(oracle, 10), Client: reach}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	books(t, r)
	if r.Mode != "closed" || r.Predicted < 100 || len(r.Errors)+len(r.Unsent) > 0 {
		t.Errorf("got %+v", r)
	}
	b, err := json.Marshal(r)
	if err != nil || !bytes.Contains(b, []byte(`"latency_ms":{"count":`)) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestSweepStopsWhereTheServerBreaks(t *testing.T) {
	oracle := &modeltest.Oracle{Features: 3, Classes: 4, OnBatch: func(int) { <-time.After(5 * time.Millisecond) }}
	reach := serve(t, oracle, inference.Options{Workers: 1, MaxBatch: 2, QueueRows: 32, Window: 32}) // 400 rows a second
	var table bytes.Buffer
	reports, err := Sweep{From: 50, Factor: 4, MaxP99: 1000, MaxLoss: 0.2,
		Load: Load{URL: address, Connections: 2, Duration: 400 * time.Millisecond, Features: oracleRows(oracle, 10), Client: reach}}.Run(t.Context(), &table)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		books(t, r)
	}
	if n := len(reports); n < 1 || n > 3 || !strings.Contains(table.String(), "stopped: ") {
		t.Errorf("%d steps\n%s", n, &table)
	}
}

func TestLoadValidate(t *testing.T) {
	for field, l := range map[string]Load{
		"URL":         {Rate: 1},
		"Connections": {URL: address, Connections: -1},
		"Rate":        {URL: address},
		"InFlight":    {URL: address, InFlight: -1},
		"closed loop": {URL: address, InFlight: 1, Rate: 1},
		"Rows":        {URL: address, Rate: 1, Rows: -1},
		"Duration":    {URL: address, Rate: 1, Duration: -1},
	} {
		if _, err := l.Run(t.Context()); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for field, s := range map[string]Sweep{
		"From": {From: -1}, "To": {From: 10, To: 1}, "MaxP99": {MaxP99: -1}, "MaxLoss": {MaxLoss: 2}, "Step": {Step: -1}, "Factor": {Factor: 0.5}, "InFlight": {Load: Load{InFlight: 1}},
	} {
		if _, err := s.Run(t.Context(), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// A model whose columns have categories is asked by their names.
func TestLoadOfCategories(t *testing.T) {
	bundle, err := weights.Open("../testdata/kinds/columns", engines.All(engines.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range []int{1, 3} {
		prices, err := bundle.Load("")
		if err != nil {
			t.Fatal(err)
		}
		reach := serve(t, prices, inference.Options{})
		r, err := Load{URL: address, Connections: 1, InFlight: 2, Duration: 50 * time.Millisecond, Warmup: time.Millisecond, Rows: rows, Client: reach}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.Predicted == 0 || len(r.Errors) > 0 {
			t.Errorf("%d rows: got %+v", rows, r)
		}
	}
}
