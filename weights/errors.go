package weights

import (
	"errors"
	"fmt"
)

// BundleError says what is wrong with a bundle, where, and what would be
// right. Whatever a file says is quoted in it, so that it fits on one line of
// a log.
type BundleError struct {
	Bundle  string // as given to Open or OpenFS
	File    string // within the bundle, such as "manifest.json"
	Field   string // within the file, such as "engines.dense.file"; may be empty
	Problem string // what was found, what was expected, what to do
	Err     error  // the cause, where there is one
}

func (e *BundleError) Error() string {
	var text string
	if e.Bundle != "" { // else it is of a sample, which is in none
		text = fmt.Sprintf("bundle %q: ", e.Bundle)
	}
	for _, part := range []string{e.File, e.Field} {
		if part != "" {
			text += part + ": "
		}
	}
	return text + e.Problem
}

func (e *BundleError) Unwrap() error { return e.Err }

// Wrong is an engine's error about a file of the bundle, such as Manifest, and a
// field in it; either may be empty. An empty file is the entry's own. The bundle
// is added by whoever called the engine. A cause is wrapped by the verb %w.
func Wrong(file, field, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &BundleError{File: file, Field: field, Problem: err.Error(), Err: errors.Unwrap(err)}
}

// wrong starts an error; Bundle.in completes it.
func wrong(field, format string, args ...any) error {
	return Wrong("", field, format, args...)
}

// in completes an error with the bundle and the file that it is about.
func (b *Bundle) in(file string, err error) error {
	if err == nil {
		return nil
	}
	told := BundleError{Problem: err.Error(), Err: err}
	var e *BundleError
	if errors.As(err, &e) {
		told = *e
	}
	if told.File == "" {
		told.File = file
	}
	if b.drafted && told.File == Manifest { // which nobody can look at
		told.File = ""
	}
	told.Bundle = b.name
	return &told
}
