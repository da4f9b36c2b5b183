package command

import (
	"errors"
	"strings"
)

// notChecked says that nothing was found wrong, but that not all was looked at.
type notChecked struct{ what []string }

func (e *notChecked) Error() string {
	return "nothing wrong was found, but not all was checked: " + strings.Join(e.what, "; ")
}

func (e *notChecked) add(what string) { e.what = append(e.what, what) }

// unless returns problems, where there are any; what was not checked does not
// matter then.
func (e *notChecked) unless(problems error) error {
	if problems != nil || len(e.what) == 0 {
		return problems
	}
	return e
}

// Codes that the program exits with.
const (
	exitFailed     = 1
	exitNotChecked = 2
)

// ExitCode is what a process exits with after an error of Run: 2 where nothing is
// wrong but not all was checked, else 1.
func ExitCode(err error) int {
	if _, ok := errors.AsType[*notChecked](err); ok {
		return exitNotChecked
	}
	return exitFailed
}
