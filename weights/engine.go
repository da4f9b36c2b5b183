package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"penstock/model"
)

// Engine is one way to run models, as bundles see it. Whoever puts a program
// together hands over those that it is to have, as Engines; this package knows
// none of them by name.
//
// An engine has an entry in a manifest, under engines.NAME. Read reads it when
// the bundle is opened, whether or not this build can run the engine; Build makes
// the model, when one is loaded. Both may be called by several goroutines.
type Engine struct {
	// Name is the entry's: 1 to 64 letters, digits, dots, dashes or underscores.
	Name   string
	Claims Claims
	// Read takes all members of the engine's entry. Problems are told to the
	// object, which knows the path of each; a member that Read leaves is refused.
	Read func(entry *Object, about About) Entry
	// Build makes the model of an entry. It reads no other files than those that
	// it is given, and believes none before they are open: that checks the hash.
	// It fails with an error of Wrong, or any other, which is then told of the
	// entry's first file. Never called where Claims.Absent says that it cannot.
	Build func(about About, config any, files *Files, place Place) (Built, error)
	// Draft says what a manifest would say of a model file that has none, so that it
	// can be served as it is; nil where files of this engine need a manifest. It may
	// open other files of the folder, and names in the draft those that belong to the
	// model. It fails with an error of Wrong, or any other; where only a person knows
	// what is missing, the error names the flag: --features or --classes.
	Draft func(folder fs.FS, file string, hints Hints) (Draft, error)
}

// Claims says what an engine can do.
type Claims struct {
	// Extensions are of files that are a model by themselves, in lower case and
	// with the dot: ".onnx". No two engines may claim the same.
	Extensions []string
	// Program says that the files are code that runs when it is loaded. Such a
	// file is loaded only when the manifest gives its hash.
	Program bool
	// Absent says why this build cannot run the engine, and what to do about it;
	// nil means that it can.
	Absent error
	// Missing says that rows may hold NaN, for a value that is missing.
	Missing bool
}

// About is what a manifest says of a model for every engine.
type About struct {
	// Spec describes the model and was validated. Its Engine is empty.
	Spec model.Spec
	// Shape is what an engine of tensors takes a row as, such as [1, 28, 28]; its
	// product is the number of features. Nil is flat. Engines that know no shapes
	// take rows as they are.
	Shape []int
	// Temperature divides the logits of classes before their softmax.
	Temperature float64
}

// Entry is what an engine read of its entry.
type Entry struct {
	// Files are those of the bundle that Build may open: the model's own first.
	// An engine that runs elsewhere may have none.
	Files []string
	// Config is the engine's own, handed to Build as it is.
	Config any
}

// file is the model's own, or "".
func (e Entry) file() string {
	if len(e.Files) == 0 {
		return ""
	}
	return e.Files[0]
}

// Built is what an engine makes of an entry.
type Built struct {
	Model model.Model
	// Rounding returns how far float32 may take each score of a row from what
	// exact arithmetic gives, or is nil where that is not known. Golden rows are
	// held to it. It may be slow, and is let go of once they are proven.
	Rounding func(row []float32) []float64
	// Sample makes rows that tell the model's answers apart, as an engine is given
	// them, others for another seed; nil where the engine knows none.
	Sample func(rows int, seed uint64) []float32
}

// Engines are those that a program can read bundles for, the preferred first.
// It never changes.
type Engines struct{ all []Engine }

var engineName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// NewEngines puts engines together, the preferred first. It refuses two that
// have one name or claim one extension, and one that lacks what it needs.
func NewEngines(preferredFirst ...Engine) (*Engines, error) {
	if len(preferredFirst) == 0 {
		return nil, errors.New("weights: no engines; give at least one")
	}
	claimed := make(map[string]string)
	for i, e := range preferredFirst {
		if !engineName.MatchString(e.Name) {
			return nil, fmt.Errorf("weights: engine %d is called %q; expected 1 to 64 letters, digits, dots, dashes or underscores", i, e.Name)
		}
		if slices.ContainsFunc(preferredFirst[:i], func(other Engine) bool { return other.Name == e.Name }) {
			return nil, fmt.Errorf("weights: two engines are called %q; leave one out", e.Name)
		}
		if e.Read == nil || e.Build == nil {
			return nil, fmt.Errorf("weights: engine %q has no Read or no Build; expected both", e.Name)
		}
		for _, extension := range e.Claims.Extensions {
			if len(extension) < 2 || extension[0] != '.' || extension != strings.ToLower(extension) {
				return nil, fmt.Errorf("weights: engine %q claims the extension %q; expected a dot and lower case", e.Name, extension)
			}
			if other, taken := claimed[extension]; taken {
				return nil, fmt.Errorf("weights: engines %q and %q both claim %q; expected one at most", other, e.Name, extension)
			}
			claimed[extension] = e.Name
		}
	}
	return &Engines{slices.Clone(preferredFirst)}, nil
}

// Names returns all engines, the preferred first.
func (es *Engines) Names() (names []string) {
	for _, e := range es.all {
		names = append(names, e.Name)
	}
	return names
}

// Named finds an engine by its name.
func (es *Engines) Named(name string) (Engine, bool) {
	i := slices.IndexFunc(es.all, func(e Engine) bool { return e.Name == name })
	if i < 0 {
		return Engine{}, false
	}
	return es.all[i], true
}

// Claiming finds the engine that claims a file by its name's extension, in any
// case.
func (es *Engines) Claiming(file string) (Engine, bool) {
	extension := strings.ToLower(path.Ext(file))
	i := slices.IndexFunc(es.all, func(e Engine) bool { return slices.Contains(e.Claims.Extensions, extension) })
	if i < 0 {
		return Engine{}, false
	}
	return es.all[i], true
}
