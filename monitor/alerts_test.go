package monitor_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"penstock/monitor"
)

// heard lists the alerts so far as "second severity state".
func (w *world) heard() (alerts []string) {
	for _, u := range w.State().Recent() {
		alerts = append(alerts, fmt.Sprint(u.Seq, " ", u.Alert.Metric, " ", u.Alert.Severity, " ", u.Alert.State))
	}
	return alerts
}

func (w *world) expect(want ...string) {
	w.t.Helper()
	if got := w.heard(); !slices.Equal(got, want) {
		w.t.Errorf("alerts %q; expected %q", got, want)
	}
}

// queue fills a share of the queue, in percent, and lets n seconds pass.
func (w *world) queue(percent, n int) {
	w.pool.stats.QueueRows = w.pool.stats.QueueLimit * percent / 100
	w.tick(n, nil)
}

func TestAlertFiresEscalatesAndResolves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.queue(60, 2)
		w.queue(40, 1) // two seconds are not three
		w.queue(60, 3)
		w.expect("6 queue_share warning firing")
		w.queue(95, 3)
		w.queue(47, 10) // neither beyond 50 % nor below 45 %: good for critical only
		w.queue(44, 5)
		w.expect("6 queue_share warning firing", "9 queue_share critical firing",
			"14 queue_share warning firing", "24 queue_share warning resolved")

		last := w.State().Recent()[3].Alert
		if last.Since != "2000-01-01T00:00:06.000Z" || last.Value != 0.44 || last.Threshold != 0.5 {
			t.Errorf("%+v", last)
		}
	})
}

func TestJumpToCriticalAndBackIsTwoTransitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.queue(100, 10)
		if firing := w.State().Firing(); len(firing) != 1 || firing[0].Severity != "critical" {
			t.Errorf("firing %+v", firing)
		}
		w.queue(0, 10)
		w.expect("3 queue_share critical firing", "15 queue_share critical resolved")
		if firing := w.State().Firing(); len(firing) != 0 {
			t.Errorf("still firing %+v", firing)
		}
	})
}

func TestMessagesSayWhatHowMuchAndTheThreshold(t *testing.T) {
	cases := []struct {
		name string
		bad  func(*world) // before each second
		good func(*world)
		want []string
	}{
		{
			"error rate",
			func(w *world) { w.traffic.Predicted += 90; w.traffic.Errors += 6; w.traffic.Shed += 4 },
			func(w *world) { w.traffic.Predicted += 100 },
			[]string{
				"The error rate over the last 10 s is 10.0 %; the critical threshold is 5.0 %.",
				"The error rate over the last 10 s is back at 0.0 %; the warning threshold is 1.0 %.",
			},
		},
		{
			"latency, then silence",
			func(w *world) { w.pool.took(160*time.Millisecond, 0, 100) },
			func(*world) {},
			[]string{
				"The 99th percentile of latency over the last 10 s is 160.8 ms; the warning threshold is 100.0 ms.",
				"The 99th percentile of latency over the last 10 s is no longer measured; " +
					"it was last 160.8 ms, with a warning threshold of 100.0 ms.",
			},
		},
		{
			"queue",
			func(w *world) { w.pool.stats.QueueRows = 550 },
			func(w *world) { w.pool.stats.QueueRows = 10 },
			[]string{
				"The fill of the queue (model digits) is 55.0 %; the warning threshold is 50.0 %.",
				"The fill of the queue (model digits) is back at 1.0 %; the warning threshold is 50.0 %.",
			},
		},
		{
			"accuracy",
			func(w *world) { w.label(100, 85) },
			func(w *world) { w.label(2000, 2000) },
			[]string{
				"The accuracy over the last 5 min (model digits) is 85.0 %; the warning threshold is 90.0 %.",
				"The accuracy over the last 5 min (model digits) is back at 97.5 %; the warning threshold is 90.0 %.",
			},
		},
		{
			"CPU of the process",
			func(w *world) { w.machine.cpu += 1.9 },
			func(w *world) { w.machine.cpu += 0.4 },
			[]string{
				"The CPU usage (this process, of the processors that it may use) is 95.0 %; the warning threshold is 90.0 %.",
				"The CPU usage (this process, of the processors that it may use) is back at 20.0 %; the warning threshold is 90.0 %.",
			},
		},
		{
			"CPU of the machine",
			func(w *world) { w.machine.others += 3.8 },
			func(w *world) { w.machine.others += 0.4 },
			[]string{
				"The CPU usage (the whole machine) is 95.0 %; the warning threshold is 90.0 %.",
				"The CPU usage (the whole machine) is back at 10.0 %; the warning threshold is 90.0 %.",
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(_ *world, o *monitor.Options) {
					o.Thresholds.Accuracy = monitor.Level{Warning: 0.9, Critical: 0.8}
				})
				w.tick(20, func() { c.bad(w) })
				w.tick(20, func() { c.good(w) })
				var got []string
				for _, u := range w.State().Recent() {
					got = append(got, u.Alert.Message)
				}
				if len(got) < 2 || got[0] != c.want[0] || got[len(got)-1] != c.want[1] {
					t.Errorf("messages %q; expected %q first and last", got, c.want)
				}
			})
		})
	}
}

func TestAlertsThatNeedMoreThanThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.Thresholds.Accuracy.Warning = 0.9 })
		w.tick(9, func() { w.machine.cpu += 2 })
		w.expect() // a peak of nine seconds
		w.tick(1, nil)
		w.tick(10, func() { w.machine.cpu += 2 })
		w.expect("20 cpu_usage critical firing")
		w.tick(10, func() { w.label(4, 0) })
		w.expect("20 cpu_usage critical firing", "25 cpu_usage critical resolved") // 40 labels are too few
		w.tick(5, func() { w.label(4, 0) })
		w.expect("20 cpu_usage critical firing", "25 cpu_usage critical resolved", "35 model_accuracy warning firing")
		w.tick(300, nil) // no labels any more: nothing is known
		if firing := w.State().Firing(); len(firing) != 0 {
			t.Errorf("still firing %+v", firing)
		}
	})
}

func TestFewErrorsAndOffThresholdsStayQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.Thresholds.Queue = monitor.Level{} })
		w.traffic.Errors = 9
		w.queue(100, 20)
		w.expect()
	})
}
