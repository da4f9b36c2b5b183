package app

import (
	"runtime"
	"testing"

	"penstock/monitor"
)

// TestThreadsInARush: more threads than processors while there is a rush, where
// nobody has said how many there may be; the dashboard's processors stay as many
// as there are.
func TestThreadsInARush(t *testing.T) {
	self, err := monitor.ThisProcess()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		fixed   string // GOMAXPROCS
		workers int
		want    int
	}{
		{"free", "", processors, processors + 2},
		{"workers that leave processors free", "", 0, max(2, processors)}, // one is busy, one spare
		{"GOMAXPROCS", "1", processors, processors},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOMAXPROCS", c.fixed)
			if processors < runtime.NumCPU() { // by a control group's quota
				c.want = processors
			}
			th := &threads{workers: c.workers}
			machine := machine{self, th}
			th.allow(1)
			during := runtime.GOMAXPROCS(0)
			usage, err := machine.Usage()
			th.allow(0)
			if want := min(c.want, 3*processors); during != want || err != nil || usage.CPUs != processors {
				t.Errorf("%d threads for %d processors, %v; want %d for %d", during, usage.CPUs, err, want, processors)
			}
			if after := runtime.GOMAXPROCS(0); after != processors {
				t.Errorf("%d threads afterwards; want %d", after, processors)
			}
		})
	}
}
