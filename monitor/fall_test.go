package monitor_test

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"testing/synctest"

	"penstock/monitor"
	"penstock/protocol"
)

func (w *world) firing(id string) *protocol.FiringAlert {
	for _, f := range w.latest().Firing {
		if f.ID == id {
			return &f
		}
	}
	return nil
}

// spread is label with the wrong ones among the others.
func (w *world) spread(n, correct int) {
	wrong := n - correct
	for i := range n {
		right := 1
		if i*wrong%n < wrong {
			right = 0
		}
		w.label(1, right)
	}
}

// A model that was always right and then nearly never: by default an alert says
// so, all ranges show it, and what was worst stays when it is over.
func TestACollapseIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.tick(20, func() { w.label(100, 100) })
		w.tick(400, nil)
		if f := w.latest(); f.Quality.Last5m.Accuracy != nil || len(f.Firing) != 0 || f.Firing == nil {
			t.Errorf("after silence: %+v, firing %v", f.Quality.Last5m, f.Firing)
		}
		w.tick(1, func() { w.spread(100, 50) })
		w.expect("421 model_accuracy critical firing")
		w.tick(19, func() { w.spread(100, 4) })
		w.expect("421 model_accuracy critical firing")
		f := w.latest()
		if five, start := *f.Quality.Last5m.Accuracy, *f.Quality.SinceStart.Accuracy; five != .063 || start != .5315 {
			t.Errorf("accuracy over 5 minutes %v, since start %v", five, start)
		}
		fired := w.State().Recent()[0].Alert
		now := w.firing("model_accuracy:digits")
		if fired.ID != "model_accuracy:digits" || fired.Model != "digits" || fired.Value != .5 || fired.ValueAtFiring != .5 ||
			fired.Threshold < .98 || now == nil || now.Value != .04 || now.Worst != .04 {
			t.Errorf("fired %+v; now %+v", fired, now)
		}
		const says = `^The accuracy of model digits has fallen to 50\.0 % over the last \d+ labelled requests; at least 9\d\.\d % was expected\.$`
		if !regexp.MustCompile(says).MatchString(fired.Message) {
			t.Errorf("%q", fired.Message)
		}
		w.tick(20, func() { w.label(100, 100) })
		w.expect("421 model_accuracy critical firing", "443 model_accuracy critical resolved")
		over := w.State().Recent()[1].Alert
		if over.Worst != .04 || over.ValueAtFiring != .5 || over.Value != 1 || len(w.latest().Firing) != 0 {
			t.Errorf("resolved %+v; still firing %v", over, w.latest().Firing)
		}
	})
}

func TestAcceptingABaselineResolvesTheAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.tick(20, func() { w.label(100, 100) })
		w.tick(10, func() { w.spread(100, 90) })
		w.expect("21 model_accuracy warning firing")
		w.store.AcceptBaseline(w.series)
		w.tick(1, nil)
		w.expect("21 model_accuracy warning firing", "31 model_accuracy warning resolved")
		const says = "The accuracy of model digits is back at what is expected, or was accepted: it was 90.0 % at worst and 90.0 % at last."
		if got := w.State().Recent()[1].Alert.Message; got != says {
			t.Errorf("%q", got)
		}
		w.tick(20, func() { w.spread(100, 90) })
		w.expect("21 model_accuracy warning firing", "31 model_accuracy warning resolved")
	})
}

func TestFallsCanBeTurnedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.Thresholds.Falls = false })
		w.tick(20, func() { w.label(100, 100) })
		w.tick(20, func() { w.spread(100, 4) })
		w.expect()
	})
}

// A healthy model that gets a label every three seconds is three points above the
// threshold. Its accuracy over five minutes is below it often, by chance.
func TestASlowHealthyStreamRaisesNoAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.Thresholds.Accuracy.Warning = 0.9 })
		random := rand.New(rand.NewPCG(1, 2))
		below := 0
		w.tick(8*3600/3, func() {
			right := 0
			if random.Float64() < .93 {
				right = 1
			}
			w.label(1, right)
			w.tick(2, nil)
			if a := w.latest().Quality.Last5m.Accuracy; a != nil && *a < .9 {
				below++
			}
		})
		w.expect()
		if below < 50 {
			t.Errorf("the accuracy was below the threshold %d times: too few to prove anything", below)
		}
	})
}

// What was worst is that of all the time that an alert holds, and is kept through
// a change of severity.
func TestAlertsKeepTheirWorst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.queue(60, 3)
		w.queue(80, 1)
		if now := w.firing("queue_share:digits"); now == nil || now.Value != .8 || now.Worst != .8 {
			t.Errorf("%+v", now)
		}
		w.queue(70, 1)
		if now := w.firing("queue_share:digits"); now == nil || now.Value != .7 || now.Worst != .8 {
			t.Errorf("%+v", now)
		}
		w.queue(95, 3)
		w.queue(10, 5)
		recent := w.State().Recent()
		if len(recent) != 3 {
			t.Fatalf("%d alerts", len(recent))
		}
		for i, want := range []protocol.Alert{
			{Value: .6, ValueAtFiring: .6, Worst: .6, State: "firing"},
			{Value: .95, ValueAtFiring: .6, Worst: .95, State: "firing"},
			{Value: .1, ValueAtFiring: .6, Worst: .95, State: "resolved"},
		} {
			got := recent[i].Alert
			if got.ID != "queue_share:digits" || got.Model != "digits" || got.Value != want.Value ||
				got.ValueAtFiring != want.ValueAtFiring || got.Worst != want.Worst || got.State != want.State {
				t.Errorf("alert %d: %+v", i, got)
			}
		}
	})
}
