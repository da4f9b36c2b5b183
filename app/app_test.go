package app

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

// start runs a program on free ports until the end of the test.
func start(t *testing.T, change func(*Options)) *App {
	t.Helper()
	options := Defaults()
	options.Listen, options.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	if change != nil {
		change(&options)
	}
	a, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		a.Close() // harmless
	})
	return a
}

// TestSeveralInOneProcess serve beside each other, each with its own pools.
func TestSeveralInOneProcess(t *testing.T) {
	first := start(t, nil)
	second := start(t, func(o *Options) {
		o.AdminListen = ""
		o.Pools = map[string]PoolOptions{"digits": {Workers: 3, QueueRows: 5000}}
	})
	if second.AdminAddr() != nil {
		t.Errorf("%v for operators; want none", second.AdminAddr())
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, a := range []*App{first, second} {
		response, err := client.Get("http://" + a.Addr().String() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("/readyz: %s", response.Status)
		}
	}
	general := Defaults()
	for i, want := range []PoolOptions{
		{general.WorkersOfEach(), general.MaxBatch, general.QueueRows}, {3, general.MaxBatch, 5000},
	} {
		got := []*App{first, second}[i].models[0].deployment.Pool.Options()
		if got.Workers != want.Workers || got.MaxBatch != want.MaxBatch || got.QueueRows != want.QueueRows {
			t.Errorf("program %d has %+v; want %+v", i, got, want)
		}
	}
	if second.threads.workers != 3 {
		t.Errorf("threads for %d workers; want 3", second.threads.workers)
	}
}

// TestWhoSaysWhatAPoolHas: the flag for the model, or else its manifest, or else
// the general flag.
func TestWhoSaysWhatAPoolHas(t *testing.T) {
	o := Defaults()
	o.Workers = 7
	o.Pools = map[string]PoolOptions{"m": {MaxBatch: 8}}
	got, err := o.poolOf("m", PoolOptions{MaxBatch: 16, QueueRows: 2048})
	if want := (PoolOptions{7, 8, 2048}); got != want || err != nil {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for want, manifest := range map[string]PoolOptions{
		"model m: its manifest has the pool's queue_rows 5: expected at least --window, 1024":      {QueueRows: 5},
		"model m: its manifest has the pool's workers -1: expected at least 1 and at most 4096":    {Workers: -1},
		"model m: its manifest has the pool's max_batch 70000: expected at least 1 and at most 65": {MaxBatch: 70000},
	} {
		if _, err := o.poolOf("m", manifest); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// TestPreparedListensNowhere and is closed more than once without harm.
func TestPreparedListensNowhere(t *testing.T) {
	a, err := Prepare(Defaults())
	if err != nil {
		t.Fatal(err)
	}
	if a.Addr() != nil || len(a.Models()) != 1 || a.Models()[0].Spec().Name != "digits" {
		t.Errorf("%v, %d models", a.Addr(), len(a.Models()))
	}
	a.Close()
	a.Close()
}
