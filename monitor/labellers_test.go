package monitor_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"penstock/monitor"
	"penstock/protocol"
	"penstock/quality"
)

// labelAs gives n predictions of a caller their labels.
func (w *world) labelAs(caller string, n int) {
	w.t.Helper()
	p := quality.Prediction{Series: w.series, Rows: 1, ID: []byte("1"), Scope: w.store.Scope("", "7"), Caller: caller, Values: []float32{0}}
	for range n {
		w.store.Remember(p)
		if _, err := w.store.LabelIndices(p.Scope, p.ID, p.Values, nil); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestLargestLabellerIsShownAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.tick(1, nil)
		if got := w.latest().LargestLabeller; got != nil {
			t.Errorf("without labels: %+v", got)
		}
		w.labelAs("10.0.0.1", 180)
		w.tick(5, nil)
		w.expect() // alone
		w.labelAs("10.0.0.2", 20)
		w.tick(5, nil)
		w.expect("9 labeller_share warning firing")
		if got := w.latest().LargestLabeller; *got != (protocol.LargestLabeller{Name: "10.0.0.1", Share: 0.9, Labels: 180}) {
			t.Errorf("%+v", got)
		}
		const want = "The largest labeller's share of the labels over the last 5 min (labeller 10.0.0.1) is 90.0 %; the warning threshold is 80.0 %."
		if got := w.State().Recent()[0].Alert.Message; got != want {
			t.Errorf("%q; expected %q", got, want)
		}
		w.labelAs("10.0.0.2", 80)
		w.tick(10, nil)
		w.expect("9 labeller_share warning firing", "16 labeller_share warning resolved")
	})
}

func TestFewLabelsRaiseNoShareAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.labelAs("10.0.0.1", 48)
		w.labelAs("10.0.0.2", 1)
		w.tick(10, nil)
		w.expect()
	})
}

func TestLabellersNameIsFitToShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *monitor.Options) {
			o.Thresholds.LabelShare = monitor.Level{Warning: 0.5, Critical: 0.9}
		})
		w.labelAs("evil\n\x1b[2J\u202e"+strings.Repeat("é", 100), 98)
		w.labelAs("other", 2)
		w.tick(5, nil)
		w.expect("3 labeller_share critical firing")
		want := `evil\n\x1b[2J\u202e` + strings.Repeat("é", 44) + "…"
		if got := w.latest().LargestLabeller.Name; got != want || len([]rune(got)) != 64 {
			t.Errorf("%q; expected %q", got, want)
		}
		if message := w.State().Recent()[0].Alert.Message; !strings.Contains(message, want) {
			t.Errorf("%q", message)
		}
	})
}
