package bench

import "fmt"

// OptionError is an option that makes no sense, or that the server does not allow.
type OptionError struct {
	Option  string // the name of its field, such as Rows
	Problem string
}

// Error implements error.
func (e *OptionError) Error() string { return "bench: " + e.Option + " " + e.Problem }

func wrong(option, format string, args ...any) error {
	return &OptionError{option, fmt.Sprintf(format, args...)}
}
