package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"penstock/weights"
	"penstock/weights/engines"
)

// ModelFiles say where models are, what their files do not tell, and what engines
// need from outside. The zero value is the embedded digits.
type ModelFiles struct {
	Models []string // bundles, which are folders with a manifest.json, or model files

	// What the only one of Models that is a file does not tell.
	Name     string   // of the model; empty: that of the file
	Features int      // numbers in a row; 0: the file tells
	Classes  []string // their names; none: those of the file

	ONNXRuntime string // the library, or a folder with it; empty: looked for
	Python      string // the interpreter; empty: looked for
}

// Open opens the bundles and model files, or the embedded bundle when there are none,
// and loads nothing. What processes say that run models later goes to the logger.
func (f ModelFiles) Open(logger *slog.Logger) ([]*weights.Bundle, error) {
	known := engines.All(engines.Options{ONNXRuntime: f.ONNXRuntime, Python: f.Python, Log: logger})
	if len(f.Models) == 0 {
		if err := f.hintsFor(nil); err != nil {
			return nil, err
		}
		b, err := weights.Default(known)
		return []*weights.Bundle{b}, err
	}
	var bundles []*weights.Bundle
	var alone []string
	for _, path := range f.Models {
		open := weights.Open
		switch bundle, err := isBundle(path); {
		case err != nil:
			return nil, err
		case !bundle:
			alone = append(alone, path)
			open = func(path string, known *weights.Engines) (*weights.Bundle, error) {
				return weights.OpenFile(path, weights.Hints{Name: f.Name, Features: f.Features, Classes: f.Classes}, known)
			}
		}
		b, err := open(path, known)
		if err != nil {
			return nil, err // it names the path
		}
		bundles = append(bundles, b)
	}
	return bundles, f.hintsFor(alone)
}

// Named is the same with another name for the only model.
func (f ModelFiles) Named(name string) ModelFiles {
	f.Name = name
	return f
}

// hintsFor refuses hints that are for no file, or for several.
func (f ModelFiles) hintsFor(files []string) error {
	for flag, given := range map[string]bool{"--features": f.Features != 0, "--classes": len(f.Classes) > 0} {
		switch {
		case !given || len(files) == 1:
		case len(files) == 0:
			return fmt.Errorf("%s is for a model file that stands alone, and --model names none: a bundle's manifest.json tells", flag)
		default:
			return fmt.Errorf("%s is for one model file, and --model names %d, such as %s and %s: make bundles of them with penstock pack", flag, len(files), files[0], files[1])
		}
	}
	return nil
}

// isBundle tells a folder with a manifest from a model file, and from a folder that
// holds one.
func isBundle(path string) (bool, error) {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("--model %q: there is no such file or folder; name a bundle, which is a folder with a manifest.json, or a model file", path)
	case err != nil:
		return false, fmt.Errorf("--model %q: %w", path, err)
	case !info.IsDir():
		return filepath.Base(path) == weights.Manifest, nil // which Open complains of
	}
	if _, err := os.Lstat(filepath.Join(path, weights.Manifest)); err == nil {
		return true, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return false, fmt.Errorf("--model %q: %w", path, err)
	}
	model := func(e fs.DirEntry) bool {
		return e.Name()[:len(e.Name())-len(filepath.Ext(e.Name()))] == "model"
	}
	return !slices.ContainsFunc(entries, model), nil // where it is neither, Open says what is missing
}
