package weights

import (
	"encoding/json"
	"slices"

	"penstock/model"
)

func (m *manifest) readEngines(data json.RawMessage, engines *Engines) error {
	if data == nil {
		return wrong("engines", "is missing; name at least one of %q", engines.Names())
	}
	o := ReadObject("engines", data)
	m.engines = make(map[string]Entry)
	for _, name := range o.Keys() {
		engine, known := engines.Named(name)
		if !known {
			return wrong("engines", "names %q; this version knows %q", name, engines.Names())
		}
		if err := m.readEntry(engine, o.Raw(name)); err != nil {
			return err
		}
	}
	if err := o.Done(); err != nil {
		return err
	}
	if len(m.engines) == 0 {
		return wrong("engines", "is empty; name at least one of %q", engines.Names())
	}
	return nil
}

func (m *manifest) readEntry(engine Engine, data json.RawMessage) error {
	path := "engines." + engine.Name
	o := ReadObject(path, data)
	e := engine.Read(o, m.about)
	if err := o.Done(); err != nil {
		return err
	}
	if spec := m.about.Spec; spec.AnyMissing() && len(spec.Input.Fill) == 0 && !engine.Claims.Missing {
		return wrong("input.fill", "is missing: features may be missing, and the engine %s needs a number in their place", engine.Name)
	}
	for _, file := range e.Files {
		if err := checkName(file); err != nil { // whatever the engine thinks of it
			return wrong(path, "names a file that %w", err)
		}
		if _, ok := m.hashes[file]; engine.Claims.Program && !ok {
			return wrong("sha256", "has no entry for %q; that file is a program and is loaded only when its hash is given", file)
		}
	}
	m.engines[engine.Name] = e
	return nil
}

// Logits reads the member output of an engine's entry: whether what the engine
// returns for a row are logits, to which the link of each output is ours to apply
// (model.Spec.Link), or scores, the default. Outputs that are numbers as they come
// have no such member.
func (o *Object) Logits(about About) bool {
	var output string
	linked := func(output model.Output) bool { return isRightOrWrong(output.Kind) }
	if o.Optional("output", &output) {
		if !slices.ContainsFunc(about.Spec.Outputs, linked) {
			o.Refuse("output", "is for a classification, or for labels; leave it out")
		} else if output != "logits" && output != "probabilities" {
			o.Refuse("output", "is %q; expected \"logits\" or \"probabilities\"", output)
		}
	}
	return output == "logits"
}
