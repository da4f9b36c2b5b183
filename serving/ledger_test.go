package serving_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"penstock/serving"
)

func TestLedgerBalances(t *testing.T) {
	registry := prometheus.NewRegistry()
	l, err := serving.NewLedger(registry)
	if err != nil {
		t.Fatal(err)
	}
	for range 7 {
		l.Received()
	}
	for _, how := range []serving.Ending{serving.Predicted, serving.Predicted, serving.Failed, serving.Shed, serving.Undeliverable} {
		l.Answered(how)
	}
	l.Lost(2)
	want := serving.Traffic{Received: 7, Predicted: 2, Failed: 1, Shed: 1, Undeliverable: 3}
	if got := l.Traffic(); got != want {
		t.Errorf("%+v; want %+v", got, want)
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP penstock_requests_undeliverable_total Requests whose client was gone before their reply.
# TYPE penstock_requests_undeliverable_total counter
penstock_requests_undeliverable_total 3
`), "penstock_requests_undeliverable_total"); err != nil {
		t.Error(err)
	}
	if _, err := serving.NewLedger(registry); err == nil {
		t.Error("two ledgers were registered in one place")
	}
	if _, err := serving.NewLedger(nil); err != nil {
		t.Error(err)
	}
}
