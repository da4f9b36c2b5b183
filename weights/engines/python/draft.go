package python

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"

	"penstock/model"
	"penstock/model/python"
	"penstock/weights"
)

func program(folder, file string, source []byte) python.Program {
	return python.Program{Source: source, File: filepath.Join(folder, filepath.FromSlash(file)), Folder: folder}
}

// draft runs the program to ask what it is. A folder is the model as a whole; of a
// file, the others in its folder are not the bundle's.
func (o Options) draft(folder fs.FS, file string, hints weights.Hints) (weights.Draft, error) {
	path, err := weights.FolderOf(folder)
	if err != nil {
		return weights.Draft{}, err
	}
	source, err := fs.ReadFile(folder, file)
	if err != nil {
		return weights.Draft{}, err
	}
	said, err := python.Ask(program(path, file, source), python.Options{Python: o.Python, Log: o.Log})
	if err != nil {
		return weights.Draft{}, blame(err)
	}
	spec, err := specOf(said, hints)
	if err != nil {
		return weights.Draft{}, err
	}
	d := weights.Draft{
		Spec: spec, Source: model.Source{Library: said.Library, Version: said.Version, Format: "Python " + said.Python},
		Entry: map[string]any{"file": file},
	}
	if said.Rows != "" {
		d.Entry["rows"] = said.Rows
	}
	if hints.Folder {
		if d.Files, err = filesIn(path, file); err != nil {
			return d, err
		}
		if len(d.Files) > 0 {
			d.Entry["files"] = d.Files
		}
	}
	return d, nil
}

// specOf puts together what the program said and what a person did.
func specOf(said python.Said, hints weights.Hints) (spec model.Spec, err error) {
	if spec.Columns, err = columnsOf(said.Columns); err != nil {
		return spec, err
	}
	spec.Missing = said.Missing
	spec.Features = said.Features
	if spec.Features == 0 {
		spec.Features = len(spec.Columns)
	}
	switch {
	case hints.Features != 0 && spec.Features != 0 && hints.Features != spec.Features:
		return spec, weights.Wrong("", "", "has %d features; --features says %d: leave the flag out", spec.Features, hints.Features)
	case spec.Features == 0 && hints.Features == 0:
		return spec, weights.Wrong("", "", "does not say how many numbers a row has: give it a line FEATURES = 4, or use --features 4")
	case spec.Features == 0:
		spec.Features = hints.Features
	}
	classes := said.Classes
	if len(hints.Classes) > 0 {
		classes = hints.Classes
	}
	switch {
	case said.Outputs != nil && len(hints.Classes) > 0:
		return spec, weights.Wrong("", "", "says what its OUTPUTS are; leave --classes out")
	case said.Outputs != nil:
		spec.Outputs, err = weights.ReadOutputs(said.Outputs)
	case len(classes) > 0:
		spec.Outputs = model.OneOf(classes...)
	default:
		spec.Outputs = model.OneValue()
	}
	return spec, err
}

// columnsOf reads names, or objects as a manifest has them.
func columnsOf(data json.RawMessage) (columns []model.Column, err error) {
	if data == nil {
		return nil, nil
	}
	var names []string
	if json.Unmarshal(data, &names) == nil {
		for _, name := range names {
			columns = append(columns, model.Column{Name: name, Kind: model.Number})
		}
		return columns, nil
	}
	return weights.ReadColumns(data)
}

// filesIn are the files of a folder but one, and those of caches.
func filesIn(folder, but string) (files []string, err error) {
	err = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); e.IsDir() && (e.Name() == "__pycache__" || len(e.Name()) > 1 && e.Name()[0] == '.') {
			return fs.SkipDir
		}
		if e.IsDir() || !e.Type().IsRegular() || name == but || e.Name()[0] == '.' {
			return nil
		}
		if files = append(files, name); len(files) >= maxFiles {
			return fmt.Errorf("has more than %d files; a model's folder holds the model alone", maxFiles)
		}
		return nil
	})
	return files, err
}
