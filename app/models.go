package app

import (
	"fmt"
	"os"
	"time"

	"penstock/model"
	"penstock/serving"
	"penstock/weights"
)

// loadedModel is a model that reproduced its golden rows.
type loadedModel struct {
	*weights.Loaded
	pool       PoolOptions
	took       time.Duration
	deployment *serving.Deployment // since it is in the catalog
}

// facts are what the page says of the model.
func (m *loadedModel) facts() serving.Facts {
	processes, _ := m.Model.(model.Processes)
	return serving.Facts{
		Source: m.Source, Reference: m.Reference, Processes: processes,
		File: m.File, Bytes: m.Bytes, SHA256: m.SHA256,
		GoldenRows: m.GoldenRows, GoldenMaxDiff: m.GoldenMaxDiff,
		GoldenTolerance: m.GoldenTolerance, GoldenDuration: m.GoldenDuration,
	}
}

// loadModels loads the bundles of the options, or the embedded one when there are
// none, each for its pool. On an error nothing stays loaded.
func loadModels(options Options) (models []*loadedModel, err error) {
	defer func() {
		if err != nil {
			for _, m := range models {
				_ = m.Close()
			}
			models = nil
		}
	}()
	bundles, err := options.ModelFiles.Open(options.Logger)
	if err != nil {
		return nil, err
	}
	if err := areDifferent(bundles); err != nil {
		return nil, err
	}
	if err := options.poolsOfModels(bundles); err != nil {
		return nil, err
	}
	for _, b := range bundles {
		pool, err := options.poolOf(b.Spec().Name, PoolOptions(b.Pool()))
		if err != nil {
			return models, err
		}
		start := time.Now()
		loaded, err := b.LoadAt(options.Engine, pool.place(options.Device))
		if err != nil {
			return models, err
		}
		models = append(models, &loadedModel{Loaded: loaded, pool: pool, took: time.Since(start)})
	}
	return models, nil
}

// areDifferent refuses two bundles whose models clients could not tell apart.
func areDifferent(bundles []*weights.Bundle) error {
	first := map[string]*weights.Bundle{}
	for _, b := range bundles {
		name := b.Spec().Name
		other, taken := first[name]
		switch {
		case taken && sameFolder(other.Name(), b.Name()):
			return fmt.Errorf("--model %s is given twice; leave one out", b.Name())
		case taken:
			return fmt.Errorf("--model %s and --model %s both hold a model named %q, and clients choose by name; %s", other.Name(), b.Name(), name, b.Rename())
		}
		first[name] = b
	}
	return nil
}

func sameFolder(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}
