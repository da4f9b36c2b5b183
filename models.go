package main

import (
	"fmt"
	"time"

	"penstock/server"
	"penstock/weights"
)

// loadedModel is a model that reproduced its golden rows.
type loadedModel struct {
	*weights.Loaded
	took time.Duration
}

// facts are what the page says of the model.
func (m *loadedModel) facts() server.ModelFacts {
	return server.ModelFacts{
		File: m.File, Bytes: m.Bytes, SHA256: m.SHA256,
		GoldenRows: m.GoldenRows, GoldenMaxDiff: m.GoldenMaxDiff,
		GoldenTolerance: m.GoldenTolerance, GoldenDuration: m.GoldenDuration,
	}
}

// loadModels loads the bundles in folders, or the embedded one when there are
// none. On an error nothing stays loaded.
func loadModels(folders []string, engine string, place weights.Place) (models []*loadedModel, err error) {
	defer func() {
		if err != nil {
			for _, m := range models {
				_ = m.Close()
			}
			models = nil
		}
	}()
	bundles, err := openBundles(folders)
	if err != nil {
		return nil, err
	}
	for _, b := range bundles {
		start := time.Now()
		loaded, err := b.LoadAt(engine, place)
		if err != nil {
			return models, err
		}
		models = append(models, &loadedModel{Loaded: loaded, took: time.Since(start)})
	}
	return models, nil
}

func openBundles(folders []string) ([]*weights.Bundle, error) {
	if len(folders) == 0 {
		b, err := weights.Default()
		return []*weights.Bundle{b}, err
	}
	var bundles []*weights.Bundle
	for _, folder := range folders {
		b, err := weights.Open(folder)
		if err != nil {
			return nil, fmt.Errorf("--model %s: %w", folder, err)
		}
		bundles = append(bundles, b)
	}
	return bundles, nil
}
