package monitor_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"penstock/monitor"
)

func TestOptionsNameTheFieldThatIsWrong(t *testing.T) {
	level := func(warning, critical float64) monitor.Level {
		return monitor.Level{Warning: warning, Critical: critical}
	}
	cases := []struct {
		name    string
		options monitor.Options
		want    string
	}{
		{"interval", monitor.Options{Interval: time.Hour}, "Interval is 1h"},
		{"history", monitor.Options{History: -1}, "History is -1"},
		{"rate above one", monitor.Options{Thresholds: monitor.Thresholds{ErrorRate: level(0, 5)}}, "Thresholds.ErrorRate is 5"},
		{"negative", monitor.Options{Thresholds: monitor.Thresholds{LatencyP99: level(-1, 5)}}, "Thresholds.LatencyP99 is -1"},
		{"NaN", monitor.Options{Thresholds: monitor.Thresholds{CPU: level(math.NaN(), 5)}}, "Thresholds.CPU is NaN"},
		{"wrong way round", monitor.Options{Thresholds: monitor.Thresholds{Queue: level(0.9, 0.5)}}, "Thresholds.Queue: the critical"},
		{"accuracy wrong way round", monitor.Options{Thresholds: monitor.Thresholds{Accuracy: level(0.8, 0.9)}}, "Thresholds.Accuracy: the critical"},
		{"duration", monitor.Options{Thresholds: monitor.Thresholds{ResolveAfter: -1}}, "ResolveAfter -1ns"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := monitor.New(c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v; expected it to contain %q", err, c.want)
			}
		})
	}
	if _, err := monitor.New(monitor.Options{Thresholds: monitor.DefaultThresholds()}); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}

func TestThisProcess(t *testing.T) {
	machine, err := monitor.ThisProcess()
	if err != nil {
		t.Fatal(err)
	}
	before, err := machine.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if before.CPUs < 1 || before.ResidentBytes < 1<<20 {
		t.Errorf("%+v", before)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		after, err := machine.Usage()
		if err != nil {
			t.Fatal(err)
		}
		if after.CPUSeconds > before.CPUSeconds {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("ten seconds of reading took no processor time")
		}
	}
}
