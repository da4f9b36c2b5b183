package app

import (
	"strings"
	"testing"
	"time"
)

// TestOptionsAreRefusedByTheFlag, whichever way they came.
func TestOptionsAreRefusedByTheFlag(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"--max-batch 0: expected at least 1":                       func(o *Options) { o.MaxBatch = 0 },
		"--workers -1: expected at least 0":                        func(o *Options) { o.Workers = -1 },
		"--max-reply-bytes 1: expected at least 4096":              func(o *Options) { o.MaxReplyBytes = 1 },
		"--drain-timeout -1s: expected at least 0s":                func(o *Options) { o.DrainTimeout = -time.Second },
		"--memory-limit -1: expected a number of bytes":            func(o *Options) { o.MemoryLimit = -1 },
		"--max-rows 2000: expected at most --window, 1024":         func(o *Options) { o.MaxRows = 2000 },
		"--pool m:workers=-2: expected at least 1":                 func(o *Options) { o.Pools = map[string]PoolOptions{"m": {Workers: -2}} },
		"--alert-queue-critical 0.2: expected at least":            func(o *Options) { o.Alerts.Queue.Critical = 0.2 },
		`--listen "0.0.0.0:0" is not a loopback address`:           func(o *Options) { o.Listen = "0.0.0.0:0" },
		`--admin-listen "0.0.0.0:0" is not a loopback address`:     func(o *Options) { o.AdminListen = "0.0.0.0:0" },
		"Options.Logger is nil; begin with Defaults, whose logger": func(o *Options) { o.Logger = nil },
	} {
		o := Defaults()
		change(&o)
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
}
