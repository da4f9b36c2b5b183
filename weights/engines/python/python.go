// Package python lets bundles be run by model/python: programs, each worker's in a
// process of its own.
//
//	"engines": {"python": {
//	  "file": "model.py",
//	  "files": ["weights.npz", …],
//	  "rows": "matrix" or "columns",
//	  "output": "probabilities" or "logits",
//	  "memory_limit": 4294967296,
//	  "hang_seconds": 8}}
//
// All but file may be left out. The files are programs, or are read by one, so the
// manifest must give their hashes.
package python

import (
	"cmp"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"penstock/model/child"
	"penstock/model/python"
	"penstock/weights"
)

// Name is the engine's, in manifests.
const Name = "python"

// Options are what the engine looks for outside of bundles.
type Options struct {
	Python string // the interpreter; empty: see python.Find
	Log    *slog.Logger
}

// Engine returns the engine.
func Engine(o Options) weights.Engine {
	return weights.Engine{
		Name:   Name,
		Claims: weights.Claims{Extensions: []string{".py"}, Program: true, Missing: true, Absent: child.Supported()},
		Read:   read, Build: o.build, Draft: o.draft,
	}
}

// The most that an entry may ask for.
const (
	maxFiles = 1000
	maxHang  = 8 // seconds: after 10 the pool gives a batch up
)

// config is what an entry says.
type config struct {
	files    []string // the program first
	byColumn bool
	logits   bool
	memory   int64
	hang     time.Duration
}

func read(entry *weights.Object, about weights.About) weights.Entry {
	c := config{files: []string{entry.File("file")}, logits: entry.Logits(about)}
	var more []string
	if entry.Optional("files", &more) && len(more) >= maxFiles {
		entry.Refuse("files", "has %d entries; expected at most %d", len(more), maxFiles-1)
	}
	c.files = append(c.files, more...) // whose names the bundle checks
	rows := "matrix"
	switch entry.Optional("rows", &rows); {
	case rows == "columns" && len(about.Spec.Columns) == 0:
		entry.Refuse("rows", "is \"columns\", but the model's columns have no names; name them in columns")
	case rows == "columns":
		c.byColumn = true
	case rows != "matrix":
		entry.Refuse("rows", "is %q; expected \"matrix\" or \"columns\"", rows)
	}
	if entry.Optional("memory_limit", &c.memory) && c.memory < 1<<20 {
		entry.Refuse("memory_limit", "is %d; expected at least %d bytes", c.memory, 1<<20)
	}
	var hang float64
	if entry.Optional("hang_seconds", &hang) && !(hang > 0 && hang <= maxHang) {
		entry.Refuse("hang_seconds", "is %v; expected more than 0 and at most %d: a pool gives up a batch that takes 10", hang, maxHang)
	}
	c.hang = time.Duration(hang * float64(time.Second))
	if in := about.Spec.Input; in.Normalised() {
		entry.Refuse("file", "is a program, which is given numbers as they are; leave input.mean and input.std out")
	}
	return weights.Entry{Files: c.files, Config: c}
}

func (o Options) build(about weights.About, entry any, files *weights.Files, place weights.Place) (weights.Built, error) {
	c := entry.(config)
	folder, err := files.Folder()
	if err != nil {
		return weights.Built{}, err
	}
	source, err := files.Read(c.files[0])
	if err != nil {
		return weights.Built{}, err
	}
	others := func() error { return compare(files, c.files[1:]) }
	if err := others(); err != nil {
		return weights.Built{}, err
	}
	var loaded atomic.Bool
	m, err := python.New(program(folder, c.files[0], source), about.Spec, python.Options{
		Python: o.Python, ByColumn: c.byColumn, Logits: c.logits, Temperature: about.Temperature,
		Processes: place.Workers, MaxRows: cmp.Or(place.MaxBatch, 64), Hang: c.hang, MemoryLimit: c.memory, Log: o.Log,
		// A process that is started again later is of the same version, or is not started.
		Check: func() error {
			if !loaded.Load() {
				return nil
			}
			return others()
		},
	})
	if err != nil {
		return weights.Built{}, blame(err)
	}
	loaded.Store(true)
	return weights.Built{Model: m}, nil
}

// compare compares the hashes of files that the program reads.
func compare(files *weights.Files, names []string) error {
	for _, name := range names {
		f, err := files.Open(name) // which does it
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// blame tells what the program said of itself as the file's problem.
func blame(err error) error {
	if failed, ok := errors.AsType[*child.FailedError](err); ok {
		return weights.Wrong("", "", "%s", failed.Text)
	}
	return err
}
