package torch

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// ErrAbsent is Load's error in a build without libtorch.
var ErrAbsent = errors.New(`this build has no libtorch: on Linux run "make torch", which takes Debian's libtorch-dev ` +
	`(installing it where that is allowed) or the libtorch 1.11 to 1.13 that LIBTORCH=folder names, and builds with the tag torch`)

// OptionError says which option is wrong, and how.
type OptionError struct{ Field, Problem string }

func (e *OptionError) Error() string { return fmt.Sprintf("torch: %s %s", e.Field, e.Problem) }

// VersionError says that the libtorch at hand is of no version that works.
type VersionError struct{ Got string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("torch: libtorch %s is loaded; expected 1.11, 1.12 or 1.13: install Debian's libtorch-dev, or build again with LIBTORCH naming one of these", e.Got)
}

// Error says what libtorch or the module did instead of answering.
type Error struct {
	Doing   string // "loading the module", "running the module"
	Problem string // in one line
}

func (e *Error) Error() string { return "torch: " + e.Doing + ": " + e.Problem }

// maxProblem bounds what of libtorch's words is kept.
const maxProblem = 400

var (
	// raised is the last line of the traceback of a module.
	raised = regexp.MustCompile(`(?m)^[A-Za-z_.]*(?:Error|Exception|Interrupt)\b.*$`)
	// where is C++'s own traceback, at the end of a message of c10.
	where = regexp.MustCompile(`(?s)\n?Exception raised from .*`)
)

// condense makes one line of libtorch's message, which may hold a traceback of
// the module and another of C++. What the module raised comes first.
func condense(text string) string {
	text = strings.TrimSpace(where.ReplaceAllString(text, ""))
	if lines := raised.FindAllString(text, -1); len(lines) > 0 && strings.Contains(text, "Traceback") {
		text = lines[len(lines)-1]
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if len(text) > maxProblem {
		text = strings.ToValidUTF8(text[:maxProblem], "") + "…"
	}
	if text == "" {
		return "libtorch gave no reason"
	}
	return text
}
