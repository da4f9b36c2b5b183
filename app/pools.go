package app

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"penstock/app/nearest"
	"penstock/weights"
)

// PoolOptions are the numbers of one model's pool. A zero leaves one to whoever
// else has a say: see Options.Pools.
type PoolOptions struct {
	Workers   int // batches at the same time
	MaxBatch  int // rows
	QueueRows int // rows that may wait, at least Options.Window
}

// Limits of a pool, which are also those of the general flags.
const (
	mostWorkers   = 4096
	mostBatch     = 65536
	mostQueueRows = 1 << 30
)

// poolOf is what the pool of a model has: what --pool says of it, or else its
// manifest, or else the general flags. Manifest is zero where the manifest says
// nothing; what it says wrong is refused here.
func (o Options) poolOf(model string, manifest PoolOptions) (PoolOptions, error) {
	if what := manifest.problem(o.Window, " ", "workers", "max_batch", "queue_rows"); what != "" {
		return PoolOptions{}, fmt.Errorf("model %s: its manifest has the pool's %s", model, what)
	}
	flag := o.Pools[model]
	return PoolOptions{
		Workers:   cmp.Or(flag.Workers, manifest.Workers, o.WorkersOfEach()),
		MaxBatch:  cmp.Or(flag.MaxBatch, manifest.MaxBatch, o.MaxBatch),
		QueueRows: cmp.Or(flag.QueueRows, manifest.QueueRows, o.QueueRows),
	}, nil
}

// place tells engines what to get ready for.
func (p PoolOptions) place(device string) weights.Place {
	return weights.Place{Device: device, Workers: p.Workers, MaxBatch: p.MaxBatch}
}

// problem says which number is beyond its limits, by the names of the numbers in
// their order, or "". Between names and values stands between.
func (p PoolOptions) problem(window int, between string, names ...string) string {
	for i, n := range []struct{ value, most int }{{p.Workers, mostWorkers}, {p.MaxBatch, mostBatch}, {p.QueueRows, mostQueueRows}} {
		if n.value != 0 && (n.value < 1 || n.value > n.most) {
			return fmt.Sprintf("%s%s%d: expected at least 1 and at most %d", names[i], between, n.value, n.most)
		}
	}
	if p.QueueRows != 0 && p.QueueRows < window {
		return fmt.Sprintf("%s%s%d: expected at least --window, %d, or one socket could never fill its window", names[2], between, p.QueueRows, window)
	}
	return ""
}

// validatePools tells what of Pools is beyond its limits.
func (o Options) validatePools() error {
	for _, model := range slices.Sorted(maps.Keys(o.Pools)) {
		if what := o.Pools[model].problem(o.Window, "=", "workers", "max-batch", "queue-rows"); what != "" {
			return fmt.Errorf("--pool %s:%s", model, what)
		}
	}
	return nil
}

// poolsOfModels refuses options of a model that is not served.
func (o Options) poolsOfModels(bundles []*weights.Bundle) error {
	var served []string
	for _, b := range bundles {
		served = append(served, b.Spec().Name)
	}
	for _, model := range slices.Sorted(maps.Keys(o.Pools)) {
		if !slices.Contains(served, model) {
			return fmt.Errorf("--pool %s: no model of that name is served; the nearest is %s", model, nearest.Of(model, served))
		}
	}
	return nil
}
