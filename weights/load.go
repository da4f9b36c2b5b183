package weights

import (
	"slices"
	"time"

	"penstock/model"
	"penstock/model/torch"
)

// Loaded is a model that reproduced its bundle's golden rows. It is a
// model.Model; closing it frees the weights.
type Loaded struct {
	model.Model
	File   string // that the weights came from
	Bytes  int64  // of that file
	SHA256 string // of that file, measured, in hexadecimal
	// Accuracy is what the manifest says was measured of the model; nil where it
	// says nothing.
	Accuracy *float64
	// GoldenRows is how many golden rows were predicted; 0 means that the
	// bundle has none.
	GoldenRows int
	// GoldenMaxDiff is the largest difference between a golden score and the
	// engine's.
	GoldenMaxDiff float64
	// GoldenTolerance is the least difference that would have been too large.
	GoldenTolerance float64
	// GoldenDuration is what Predict took for all golden rows in one batch, in
	// a session just opened.
	GoldenDuration time.Duration

	rounding func(row []float32) []float64 // see built; nil once it is proven
}

// built is what an engine makes of its file.
type built struct {
	model.Model
	bytes int64
	sum   string
	// rounding returns what float32 may do to the scores of a row, or is nil where
	// that is not known.
	rounding func(row []float32) []float64
}

// builder makes a model from an entry of the manifest. It checks the file's
// hash before it believes the file.
type builder func(*Bundle, entry, Place) (built, error)

// builders returns the engines that this build can run, by name.
func builders() map[string]builder {
	all := map[string]builder{Dense: buildDense}
	if torch.Built {
		all[TorchScript] = buildTorchScript
	}
	return all
}

// Place says where a model is to run and what to expect there. Zero fields
// take their defaults.
type Place struct {
	// Device is "cpu", the default, or "cuda:0" and so on, for engine
	// torchscript with a libtorch that has CUDA.
	Device string
	// Workers is how many sessions will be open. An engine that takes long over
	// a session's first batches gets so many ready beforehand, and with several
	// it uses one thread for each. Default 1 session and 1 thread.
	Workers int
	// MaxBatch is the largest batch to get ready for. Default 64.
	MaxBatch int
}

// Load makes the model run by an engine, or by the preferred one of Loadable
// when the name is empty, and proves it on the golden rows.
func (b *Bundle) Load(engine string) (*Loaded, error) { return b.LoadAt(engine, Place{}) }

// LoadAt is Load for a place.
func (b *Bundle) LoadAt(engine string, place Place) (*Loaded, error) {
	if engine == "" {
		loadable := b.Loadable()
		if len(loadable) == 0 {
			return nil, b.cannotRun(b.Engines()[0])
		}
		engine = loadable[0]
	}
	e, ok := b.manifest.engines[engine]
	if !ok {
		return nil, b.in("manifest.json", wrong("engines", "has no %q; it names %q", engine, b.Engines()))
	}
	if !slices.Contains(b.Loadable(), engine) {
		if b.omits(e.file) {
			return nil, b.in(e.file, wrong("", "is not part of the binary; open the bundle from its folder to run engine %s", engine))
		}
		return nil, b.cannotRun(engine)
	}
	m, err := builders()[engine](b, e, place)
	if err != nil {
		return nil, b.in(e.file, err)
	}
	loaded := &Loaded{Model: m.Model, File: e.file, Bytes: m.bytes, SHA256: m.sum, Accuracy: b.manifest.accuracy, rounding: m.rounding}
	err = b.prove(loaded)
	loaded.rounding = nil // it holds the weights
	if err != nil {
		m.Close()
		return nil, b.in(b.manifest.golden, err)
	}
	return loaded, nil
}

// cannotRun says that this build lacks an engine, and how to get one that has
// it.
func (b *Bundle) cannotRun(engine string) error {
	why := wrong("engines."+engine, "cannot run in this build, which runs %q of this bundle", b.Loadable())
	if engine == TorchScript {
		why = wrong("engines."+engine, "cannot run: %w", torch.ErrAbsent)
	}
	return b.in("manifest.json", why)
}
