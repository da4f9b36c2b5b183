// Package weights reads bundles: folders that hold a trained model as a
// manifest.json and the files that it names.
//
// A bundle may come from a stranger. Names cannot lead out of the folder, what
// a file claims about its size is compared with its size before memory is
// made, files are held to the hashes that the manifest gives, and a model that
// does not reproduce the bundle's golden rows is not handed out. Files that
// are programs (TorchScript) must have a hash.
//
// What runs a model is an Engine, a value that the program hands to Open or
// Default. The folder engines has those of this house; this package knows none.
//
// Default is the bundle of handwritten digits that the binary carries; the
// folder recipe shows how it was trained.
package weights

import (
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
	known    *Engines
	manifest manifest
	leftOut  []string // files that a partial copy is without on purpose
	drafted  bool     // the manifest is none of the folder's: see OpenFile
}

// Manifest is the file that a folder is a bundle by.
const Manifest = "manifest.json"

// Open reads the manifest of the bundle in a folder, for the engines that a
// program has. Errors are *BundleError.
func Open(folder string, engines *Engines) (*Bundle, error) {
	return OpenFS(dir(folder), folder, engines)
}

// OpenFS is Open for a file system, such as an embedded one. The name is used
// in errors. Where names could lead out through symbolic links, use Open.
func OpenFS(files fs.FS, name string, engines *Engines) (*Bundle, error) {
	b := &Bundle{name: name, files: files, known: engines}
	data, _, err := b.readVerified(Manifest, maxJSON)
	if err != nil {
		return nil, err
	}
	b.manifest, err = readManifest(data, engines)
	if err != nil {
		return nil, b.in(Manifest, err)
	}
	return b, nil
}

// Name is the folder, or the name, that the bundle was opened with.
func (b *Bundle) Name() string { return b.name }

// Spec describes the model. Its Engine is empty until one is loaded.
func (b *Bundle) Spec() model.Spec { return b.manifest.about.Spec }

// Temperature is what logits of classes are divided by before their softmax.
func (b *Bundle) Temperature() float64 { return b.manifest.about.Temperature }

// Rename says how to give the model another name.
func (b *Bundle) Rename() string {
	if b.drafted {
		return "rename one of the files, or make a bundle of it with penstock pack --name"
	}
	return `change "name" in the manifest.json of one`
}

// Source says which library the model came from, as the manifest tells.
func (b *Bundle) Source() model.Source { return b.manifest.source }

// Pool is what the manifest wishes for the model's pool.
func (b *Bundle) Pool() Pool { return b.manifest.pool }

// Hashes returns the SHA-256 that the manifest gives, by file name, in
// hexadecimal.
func (b *Bundle) Hashes() map[string]string { return maps.Clone(b.manifest.hashes) }

// Engines returns the engines that the manifest names, the preferred first.
func (b *Bundle) Engines() []string {
	return b.only(func(string) bool { return true })
}

// Files returns the files that an engine's entry names, the model's own first.
func (b *Bundle) Files(engine string) []string { return slices.Clone(b.manifest.engines[engine].Files) }

// Loadable returns those of Engines that this build can run and whose files
// this copy of the bundle has.
func (b *Bundle) Loadable() []string {
	return b.only(func(name string) bool {
		engine, _ := b.known.Named(name)
		return engine.Claims.Absent == nil && b.omitted(name) == ""
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
	for _, name := range b.known.Names() {
		if _, ok := b.manifest.engines[name]; ok && keep(name) {
			names = append(names, name)
		}
	}
	return names
}

func (b *Bundle) omits(file string) bool { return slices.Contains(b.leftOut, file) }

// omitted returns a file that an engine needs and this copy leaves out, or "".
func (b *Bundle) omitted(engine string) string {
	for _, file := range b.manifest.engines[engine].Files {
		if b.omits(file) {
			return file
		}
	}
	return ""
}
