package weights

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Check opens everything: every file with a hash, every engine's files, and
// every engine that this build can run, golden rows included. It returns all
// problems, joined.
func (b *Bundle) Check() error {
	var problems []error
	seen := make(map[string]bool) // files looked at alone, and whether they are right
	look := func(file string) {
		if _, before := seen[file]; !before && !b.omits(file) {
			err := b.checkFile(file)
			problems, seen[file] = append(problems, err), err == nil
		}
	}
	for _, file := range slices.Sorted(maps.Keys(b.manifest.hashes)) {
		look(file)
	}
	loadable := b.Loadable()
	for _, engine := range b.Engines() {
		files := b.manifest.engines[engine].Files
		bad := func(file string) bool { right, before := seen[file]; return before && !right }
		switch {
		case slices.ContainsFunc(files, bad): // was complained of already
		case slices.Contains(loadable, engine):
			problems = append(problems, b.checkEngine(engine))
		default:
			for _, file := range files {
				look(file)
			}
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
