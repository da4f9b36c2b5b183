package monitor_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"penstock/monitor"
)

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.Registerer = registry })
		s, _ := w.Subscribe()
		w.label(4, 3)
		w.queue(60, 3)
		_, _ = s.Next(t.Context())
		_, _ = s.Next(t.Context())
		want := `
# HELP penstock_alert_firing 1 while an alert holds at this severity.
# TYPE penstock_alert_firing gauge
penstock_alert_firing{metric="calibration_gap",severity="critical"} 0
penstock_alert_firing{metric="calibration_gap",severity="warning"} 0
penstock_alert_firing{metric="cpu_usage",severity="critical"} 0
penstock_alert_firing{metric="cpu_usage",severity="warning"} 0
penstock_alert_firing{metric="error_rate",severity="critical"} 0
penstock_alert_firing{metric="error_rate",severity="warning"} 0
penstock_alert_firing{metric="input_drift",severity="critical"} 0
penstock_alert_firing{metric="input_drift",severity="warning"} 0
penstock_alert_firing{metric="labeller_share",severity="critical"} 0
penstock_alert_firing{metric="labeller_share",severity="warning"} 0
penstock_alert_firing{metric="latency_p99_ms",severity="critical"} 0
penstock_alert_firing{metric="latency_p99_ms",severity="warning"} 0
penstock_alert_firing{metric="model_accuracy",severity="critical"} 0
penstock_alert_firing{metric="model_accuracy",severity="warning"} 0
penstock_alert_firing{metric="model_error",severity="critical"} 0
penstock_alert_firing{metric="model_error",severity="warning"} 0
penstock_alert_firing{metric="queue_share",severity="critical"} 0
penstock_alert_firing{metric="queue_share",severity="warning"} 1
# HELP penstock_dashboard_dropped_frames_total Frames passed over for dashboards too slow to take them.
# TYPE penstock_dashboard_dropped_frames_total counter
penstock_dashboard_dropped_frames_total{type="alert"} 0
penstock_dashboard_dropped_frames_total{type="metrics"} 2
# HELP penstock_dashboard_subscriptions Dashboards that follow the monitor.
# TYPE penstock_dashboard_subscriptions gauge
penstock_dashboard_subscriptions 1
# HELP penstock_model_accuracy Share of labelled rows predicted right, since counting began; absent without labels.
# TYPE penstock_model_accuracy gauge
penstock_model_accuracy{model="digits"} 0.75
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "penstock_alert_firing",
			"penstock_dashboard_dropped_frames_total", "penstock_dashboard_subscriptions", "penstock_model_accuracy"); err != nil {
			t.Error(err)
		}

		// Fault 23: dashboards and alerts come and go, the series stay as they are.
		before, err := testutil.GatherAndCount(registry)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		for range 100 {
			s, _ := w.Subscribe()
			s.Close()
		}
		w.queue(100, 10)
		w.queue(0, 10)
		if after, err := testutil.GatherAndCount(registry); err != nil || after != before {
			t.Errorf("%d series, %d before; %v", after, before, err)
		}
	})
}
