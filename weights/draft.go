package weights

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"penstock/model"
)

// Hints are what a person says of a model file that has no manifest.
type Hints struct {
	// Name of the model; without, the file's name is taken.
	Name string
	// Features is how many numbers a row has, where the file does not tell; else 0.
	Features int
	// Folder says that a folder was given, which is the model as a whole.
	Folder bool
	// Classes are the names of the classes, where the file has none of its own, or
	// others are wanted.
	Classes []string
}

// Draft is what an engine makes of a model file that has no manifest: all that a
// manifest would say.
type Draft struct {
	// Spec describes the model. Its name and version, if empty, are made of the
	// file's name and its hash.
	Spec   model.Spec
	Shape  []int // see About
	Source model.Source
	// Entry is the engine's entry of the manifest, as encoding/json writes it.
	Entry map[string]any
	// Files are those that the model consists of, beside the one that was given, in
	// its folder.
	Files []string
}

// OpenFile opens a model file that stands alone, as a bundle whose manifest an
// engine drafts. A folder without a manifest that holds a file called model, with an
// extension that an engine claims, stands for that file.
func OpenFile(path string, hints Hints, engines *Engines) (*Bundle, error) {
	bad := func(err error) error {
		return (&Bundle{name: path, drafted: true}).in("", err)
	}
	folder, file, err := modelIn(path, engines)
	if err != nil {
		return nil, bad(err)
	}
	engine, ok := engines.Claiming(file)
	if !ok || engine.Draft == nil {
		return nil, bad(wrong("", "is no model file that this version knows by its name; it knows %s; anything else needs a bundle: see docs/models.md",
			strings.Join(engines.drafts(), " ")))
	}
	if info, err := os.Stat(path); err == nil {
		hints.Folder = info.IsDir()
	}
	draft, err := engine.Draft(dir(folder), file, hints)
	if err != nil {
		return nil, bad(err)
	}
	hashes := make(map[string]string)
	for _, name := range append([]string{file}, draft.Files...) {
		if hashes[name], err = hashOf(dir(folder), name); err != nil {
			return nil, bad(fmt.Errorf("%s: %w", name, err))
		}
	}
	draft.Spec.Name = cmp.Or(hints.Name, draft.Spec.Name, nameOf(path))
	draft.Spec.Version = cmp.Or(draft.Spec.Version, hashes[file][:12])
	data, err := draft.manifest(engine.Name, hashes)
	if err != nil {
		return nil, bad(err)
	}
	b := &Bundle{name: path, files: drafted{dir(folder), data}, known: engines, drafted: true}
	if b.manifest, err = readManifest(data, engines); err != nil {
		return nil, bad(err)
	}
	return b, nil
}

// modelIn finds the folder and the name of the file that a path stands for.
func modelIn(path string, engines *Engines) (folder, file string, err error) {
	// The folder that is opened lets no link lead out of it, so a link to the file
	// itself is followed before.
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return "", "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", "", err
	}
	if !info.IsDir() {
		return filepath.Dir(path), filepath.Base(path), nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", "", err
	}
	for _, e := range entries {
		if strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())) != "model" {
			continue
		}
		if engine, ok := engines.Claiming(e.Name()); ok && engine.Draft != nil {
			return path, e.Name(), nil
		}
	}
	return "", "", wrong("", "is a folder without a manifest.json, and without a file called model with one of %s: name a bundle or a model file", strings.Join(engines.drafts(), " "))
}

// drafts are the extensions of files that may stand alone.
func (es *Engines) drafts() (extensions []string) {
	for _, e := range es.all {
		if e.Draft != nil {
			extensions = append(extensions, e.Claims.Extensions...)
		}
	}
	return extensions
}

var notPlain = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// nameOf makes the name of a model of the path of its file.
func nameOf(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	name := filepath.Base(path)
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	name = strings.TrimLeft(notPlain.ReplaceAllString(name, "-"), "._-")
	return cmp.Or(name[:min(len(name), 64)], "model")
}

func hashOf(files fs.FS, name string) (string, error) {
	f, err := files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return hex.EncodeToString(hash.Sum(nil)), err
}

// drafted is the folder of a model file that stands alone, with the manifest that
// was drafted for it in place of any that lies there.
type drafted struct {
	dir
	manifest []byte
}

func (d drafted) Open(name string) (fs.File, error) {
	if name == Manifest {
		return &inMemory{bytes.NewReader(d.manifest), int64(len(d.manifest))}, nil
	}
	return d.dir.Open(name)
}

// inMemory is a file whose bytes are at hand.
type inMemory struct {
	*bytes.Reader
	size int64
}

func (*inMemory) Close() error                 { return nil }
func (f *inMemory) Stat() (fs.FileInfo, error) { return f, nil }
func (*inMemory) Name() string                 { return Manifest }
func (f *inMemory) Size() int64                { return f.size }
func (*inMemory) Mode() fs.FileMode            { return 0o444 }
func (*inMemory) ModTime() time.Time           { return time.Time{} }
func (*inMemory) IsDir() bool                  { return false }
func (*inMemory) Sys() any                     { return nil }

// manifest writes the draft as a manifest, without golden rows.
func (d Draft) manifest(engine string, hashes map[string]string) ([]byte, error) {
	spec := d.Spec
	if spec.Name == "" || spec.Version == "" {
		return nil, errors.New("a draft without a name or a version")
	}
	m := map[string]any{
		"name": spec.Name, "version": spec.Version, "features": spec.Features,
		"outputs": outputsOf(spec.Outputs), "engines": map[string]any{engine: d.Entry}, "sha256": hashes,
	}
	if columns := columnsOf(spec.Columns); columns != nil {
		m["columns"] = columns
	}
	if input := inputOf(spec, d.Shape); len(input) > 0 {
		m["input"] = input
	}
	if d.Source != (model.Source{}) {
		m["source"] = d.Source
	}
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}

func outputsOf(outputs []model.Output) (all []map[string]any) {
	for _, o := range outputs {
		member := map[string]any{"name": o.Name, "kind": o.Kind, "width": o.Width}
		if len(o.Classes) > 0 {
			member["classes"] = o.Classes
		}
		if len(o.Thresholds) > 0 {
			member["thresholds"] = o.Thresholds
		}
		all = append(all, member)
	}
	return all
}

func columnsOf(columns []model.Column) (all []map[string]any) {
	for _, c := range columns {
		member := map[string]any{"name": c.Name}
		if c.Kind == model.Category {
			member["kind"], member["categories"] = c.Kind, c.Categories
			if c.Unknown != "" && c.Unknown != model.Refuse {
				member["unknown"] = c.Unknown
			}
		}
		if c.Missing {
			member["missing"] = true
		}
		all = append(all, member)
	}
	return all
}

func inputOf(spec model.Spec, shape []int) map[string]any {
	input := make(map[string]any)
	if spec.Missing {
		input["missing"] = true
	}
	if len(shape) > 0 {
		input["shape"] = shape
	}
	if spec.Input.Uint8Scale != 0 {
		input["uint8_scale"] = spec.Input.Uint8Scale
	}
	for name, values := range map[string][]float64{"mean": spec.Input.Mean, "std": spec.Input.Std, "fill": spec.Input.Fill} {
		if len(values) > 0 {
			input[name] = values
		}
	}
	return input
}

// FolderOf is where the folder that a Draft is given lies on disk.
func FolderOf(folder fs.FS) (string, error) {
	if d, ok := folder.(dir); ok {
		return filepath.Abs(string(d))
	}
	return "", errors.New("is not a folder on disk, which this engine needs")
}
