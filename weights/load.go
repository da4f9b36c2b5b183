package weights

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"penstock/model"
)

// Loaded is a model that reproduced its bundle's golden rows. It is a
// model.Model; closing it frees the weights.
type Loaded struct {
	model.Model
	File   string // that the weights came from; empty where the engine needs none
	Bytes  int64  // of that file
	SHA256 string // of that file, measured, in hexadecimal
	// Accuracy is what the manifest says was measured of the model; nil where it
	// says nothing.
	Accuracy *float64
	// Source says which library the model came from, as the manifest tells.
	Source model.Source
	// Reference is what rows usually hold; nil where the bundle does not tell.
	Reference *model.Reference
	// Pool is what the manifest wishes for the model's pool.
	Pool Pool
	// GoldenRows is how many golden rows were predicted; 0 means that the
	// bundle has none.
	GoldenRows int
	// GoldenMaxDiff is the largest difference between a golden score and the
	// engine's. Where there are several outputs or values, each has its own
	// measure, and this is of the one that came nearest to being refused.
	GoldenMaxDiff float64
	// GoldenTolerance is the least difference that would have been too large.
	GoldenTolerance float64
	// GoldenDuration is what Predict took for all golden rows in one batch, in
	// a session just opened.
	GoldenDuration time.Duration

	rounding func(row []float32) []float64 // see Built; nil once it is proven
	sample   func(rows int, seed uint64) []float32
}

// Place says where a model is to run and what to expect there. Zero fields
// take their defaults.
type Place struct {
	// Device is "cpu", the default, or "cuda:0" and so on, for engines that know
	// cards.
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
	if engine == "" { // where none is loadable, the first says why
		engine = append(b.Loadable(), b.Engines()...)[0]
	}
	e, ok := b.manifest.engines[engine]
	if !ok {
		return nil, b.in(Manifest, wrong("engines", "has no %q; it names %q", engine, b.Engines()))
	}
	if file := b.omitted(engine); file != "" {
		return nil, b.in(file, wrong("", "is not part of the binary; open the bundle from its folder to run engine %s", engine))
	}
	runs, _ := b.known.Named(engine)
	if why := runs.Claims.Absent; why != nil {
		return nil, b.in(Manifest, wrong("engines."+engine, "cannot run: %w", why))
	}
	files := &Files{bundle: b, names: e.Files}
	m, err := runs.Build(b.manifest.about, e.Config, files, place)
	if err != nil {
		return nil, b.in(cmp.Or(e.file(), Manifest), err)
	}
	loaded := &Loaded{Model: m.Model, File: e.file(), Bytes: files.size, SHA256: files.sum, Accuracy: b.manifest.accuracy, Source: b.manifest.source, Pool: b.manifest.pool, rounding: m.Rounding, sample: m.Sample}
	err = b.prove(loaded)
	loaded.rounding = nil // it holds the weights
	if err != nil {
		m.Model.Close()
		return nil, b.in(b.manifest.golden, err)
	}
	if loaded.Reference, err = b.readReference(); err != nil {
		m.Model.Close()
		return nil, b.in(b.manifest.reference, err)
	}
	return loaded, nil
}

// Files opens what an engine's entry names.
type Files struct {
	bundle *Bundle
	names  []string
	size   int64 // of the first of names, once it was read
	sum    string
}

// Open opens a file that the entry names and checks its hash; the caller closes
// it. Errors name the bundle and the file.
func (f *Files) Open(name string) (*File, error) {
	if err := f.allow(name); err != nil {
		return nil, err
	}
	file, err := f.bundle.openVerified(name)
	if err == nil {
		f.note(name, file.Size, file.SHA256)
	}
	return file, err
}

// Read reads such a file whole: the very bytes whose hash was compared.
func (f *Files) Read(name string) ([]byte, error) {
	if err := f.allow(name); err != nil {
		return nil, err
	}
	data, sum, err := f.bundle.readVerified(name, 0)
	if err == nil {
		f.note(name, int64(len(data)), sum)
	}
	return data, err
}

// allow refuses a file that the engine did not say it would open.
func (f *Files) allow(name string) error {
	if slices.Contains(f.names, name) {
		return nil
	}
	return f.bundle.in(name, wrong("", "is not among the files that the engine's entry names, %q", f.names))
}

// Folder is where the bundle lies on disk, for engines whose models open files
// themselves. What Open and Read have checked may be another by then, if somebody
// replaces it.
func (f *Files) Folder() (string, error) {
	switch files := f.bundle.files.(type) {
	case dir:
		return filepath.Abs(string(files))
	case drafted:
		return filepath.Abs(string(files.dir))
	}
	return "", wrong("", "is not a folder on disk, which this engine needs")
}

func (f *Files) note(name string, size int64, sum string) {
	if name == f.names[0] {
		f.size, f.sum = size, sum
	}
}
