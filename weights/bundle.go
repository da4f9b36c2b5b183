// Package weights reads bundles: folders that hold a trained model as a
// manifest.json and the files that it names.
//
// A bundle may come from a stranger. Names cannot lead out of the folder, what
// a file claims about its size is compared with its size before memory is
// made, files are held to the hashes that the manifest gives, and a model that
// does not reproduce the bundle's golden rows is not handed out. Files that
// are programs (TorchScript) must have a hash.
//
// Default is the bundle of handwritten digits that the binary carries; the
// folder recipe shows how it was trained.
package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"penstock/model"
)

// Bundle is a bundle whose manifest was read and makes sense. Its other files
// are opened by Load and Check. It holds nothing open and may be shared.
type Bundle struct {
	name     string // for errors
	files    fs.FS
	manifest manifest
	omitted  []string // files that a partial copy leaves out on purpose
}

// Open reads the manifest of the bundle in a folder. Errors are *BundleError.
func Open(folder string) (*Bundle, error) {
	return OpenFS(dir(folder), folder)
}

// OpenFS is Open for a file system, such as an embedded one. The name is used
// in errors. Where names could lead out through symbolic links, use Open.
func OpenFS(files fs.FS, name string) (*Bundle, error) {
	b := &Bundle{name: name, files: files}
	const file = "manifest.json"
	data, _, err := b.readVerified(file, maxJSON)
	if err != nil {
		return nil, err
	}
	b.manifest, err = readManifest(data)
	if err != nil {
		return nil, b.in(file, err)
	}
	return b, nil
}

// Name is the folder, or the name, that the bundle was opened with.
func (b *Bundle) Name() string { return b.name }

// Spec describes the model. Its Engine is empty until one is loaded.
func (b *Bundle) Spec() model.Spec { return b.manifest.spec }

// Temperature is what logits are divided by before the softmax.
func (b *Bundle) Temperature() float64 { return b.manifest.temperature }

// Hashes returns the SHA-256 that the manifest gives, by file name, in
// hexadecimal.
func (b *Bundle) Hashes() map[string]string { return maps.Clone(b.manifest.hashes) }

// Engines returns the engines that the manifest names, the preferred first.
func (b *Bundle) Engines() []string {
	return b.only(func(string) bool { return true })
}

// Loadable returns those of Engines that this build can run and whose file
// this copy of the bundle has.
func (b *Bundle) Loadable() []string {
	runs := builders()
	return b.only(func(name string) bool {
		return runs[name] != nil && !b.omits(b.manifest.engines[name].file)
	})
}

// Unrun returns those of Engines that Check does not run, for this build cannot.
func (b *Bundle) Unrun() []string {
	loadable := b.Loadable()
	return b.only(func(name string) bool { return !slices.Contains(loadable, name) })
}

// Unproven says why Check cannot tell whether this build would serve the right
// scores, or "" where it can.
func (b *Bundle) Unproven() string {
	switch {
	case len(b.Loadable()) == 0:
		return fmt.Sprintf("this build cannot serve it, and its golden rows were not run: none of its engines %q is in this build", b.Engines())
	case b.manifest.golden == "":
		return "its scores were not, since the bundle has no golden rows"
	}
	return ""
}

func (b *Bundle) only(keep func(string) bool) (names []string) {
	for _, name := range knownEngines() {
		if _, ok := b.manifest.engines[name]; ok && keep(name) {
			names = append(names, name)
		}
	}
	return names
}

func (b *Bundle) omits(file string) bool { return slices.Contains(b.omitted, file) }

// Check opens everything: every file with a hash, every engine's file, and
// every engine that this build can run, golden rows included. It returns all
// problems, joined.
func (b *Bundle) Check() error {
	var problems []error
	bad := make(map[string]bool) // files that were complained of already
	for _, file := range slices.Sorted(maps.Keys(b.manifest.hashes)) {
		if !b.omits(file) {
			err := b.checkFile(file)
			problems, bad[file] = append(problems, err), err != nil
		}
	}
	loadable := b.Loadable()
	for _, engine := range b.Engines() {
		file := b.manifest.engines[engine].file
		_, hashed := b.manifest.hashes[file]
		switch {
		case bad[file]:
		case slices.Contains(loadable, engine):
			problems = append(problems, b.checkEngine(engine))
		case !hashed && !b.omits(file):
			problems = append(problems, b.checkFile(file))
		}
	}
	return errors.Join(problems...)
}

func (b *Bundle) checkFile(file string) error {
	f, err := b.openVerified(file)
	if err != nil {
		return err
	}
	return f.Close()
}

func (b *Bundle) checkEngine(engine string) error {
	loaded, err := b.Load(engine)
	if err != nil {
		return fmt.Errorf("engine %s: %w", engine, err)
	}
	return loaded.Close()
}
