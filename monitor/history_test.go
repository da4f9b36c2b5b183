package monitor_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"penstock/monitor"
	"penstock/protocol"
)

func TestHistoryIsBoundedOrderedAndEncodedOncePerTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.History = 4 })
		if got := string(w.State().History()); got != `{"type":"history","points":[]}` {
			t.Errorf("before the first tick: %s", got)
		}
		w.tick(50, nil)
		var history protocol.History
		if err := json.Unmarshal(w.State().History(), &history); err != nil {
			t.Fatal(err)
		}
		if len(history.Points) != 4 {
			t.Fatalf("%d points", len(history.Points))
		}
		for i, point := range history.Points {
			var f protocol.Metrics
			if err := json.Unmarshal(point, &f); err != nil || f.Seq != uint64(47+i) {
				t.Errorf("point %d: seq %d, %v", i, f.Seq, err)
			}
		}
		if a, b := w.State().History(), w.State().History(); &a[0] != &b[0] {
			t.Error("encoded again within a tick")
		}
	})
}

func TestAnOldStateDoesNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.History = 4 })
		w.tick(4, nil)
		old := w.State()
		w.tick(50, nil)
		for i, u := range mustSince(t, old, 0) {
			if u.Seq != uint64(i+1) {
				t.Errorf("entry %d became %d", i, u.Seq)
			}
		}
	})
}

func TestSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *monitor.Options) { o.History = 10 })
		w.queue(0, 7)
		w.queue(100, 5) // an alert in tick 10
		cases := []struct {
			seq  uint64
			ok   bool
			want []uint64
		}{
			{12, true, nil},
			{11, true, []uint64{12}},
			{9, true, []uint64{10, 10, 11, 12}}, // the alert before its metrics
			{2, true, []uint64{3, 4, 5, 6, 7, 8, 9, 10, 10, 11, 12}},
			{1, false, nil},  // forgotten
			{13, false, nil}, // of another run
		}
		for _, c := range cases {
			got, ok := w.State().Since(c.seq)
			if ok != c.ok || len(got) != len(c.want) {
				t.Errorf("since %d: %v and %d updates", c.seq, ok, len(got))
				continue
			}
			for i, u := range got {
				if u.Seq != c.want[i] {
					t.Errorf("since %d: update %d has seq %d", c.seq, i, u.Seq)
				}
			}
		}
		if got := mustSince(t, w.State(), 9); got[0].Alert == nil || got[1].Metrics == nil {
			t.Error("the alert does not come before its metrics")
		}
	})
}
