package quality_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"penstock/quality"
)

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	options := quality.Options{Remember: 3, Registerer: registry}
	store, err := open(options, digits, prices)
	if err != nil {
		t.Fatal(err)
	}
	before := seriesCount(t, registry)
	for user := range 1_000 { // no client moves the number of series
		scope, id := store.Scope(fmt.Sprint("user", user), ""), fmt.Append(nil, user)
		store.Remember(quality.Prediction{Scope: scope, ID: id, Values: []float32{1}})
		_, _ = store.Label(scope, id, []quality.Label{text(fmt.Sprint("label", user))}, nil)
		_, _ = store.Label(scope, id, []quality.Label{text("1")}, nil)
		_, _ = store.Label(scope, id, []quality.Label{text("1")}, nil)
		_, _ = store.Label(scope, []byte("x"), nil, nil)
	}
	if after := seriesCount(t, registry); after != before {
		t.Errorf("%d series; %d before traffic", after, before)
	}
	want := `
# HELP penstock_quality_feedback_total Feedback requests by outcome.
# TYPE penstock_quality_feedback_total counter
penstock_quality_feedback_total{outcome="bad_label"} 1000
penstock_quality_feedback_total{outcome="duplicate_feedback"} 1000
penstock_quality_feedback_total{outcome="joined"} 1000
penstock_quality_feedback_total{outcome="unknown_request"} 1000
# HELP penstock_quality_remembered_rows Rows held in memory for labels.
# TYPE penstock_quality_remembered_rows gauge
penstock_quality_remembered_rows 3
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want),
		"penstock_quality_feedback_total", "penstock_quality_remembered_rows"); err != nil {
		t.Error(err)
	}
	if _, err := quality.New(options); !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
		t.Errorf("a second store on one registry: %v", err)
	}
}

func seriesCount(t *testing.T, g prometheus.Gatherer) int {
	t.Helper()
	n, err := testutil.GatherAndCount(g)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
