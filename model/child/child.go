// Package child runs an engine in another process: a runtime that is no Go, or a
// program that may crash. Rows go there and scores come back through memory that both
// share, and each side is woken by a futex; see layout.go. A process that dies, or
// does not answer, costs the batch that it had, and is started again.
//
// It runs on Linux alone; elsewhere Start says so.
package child

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"penstock/model"
)

// Config says what to run.
type Config struct {
	// Name is what logs and errors call the process, such as "model fraud".
	Name string
	// Command makes the command. Its descriptors 3 and 4 are the shared memory and the
	// control socket; the files that Command returns follow as 5 and so on. They are
	// closed here once the process has them. It is called for every start.
	Command func() (*exec.Cmd, []*os.File, error)
	// Settings are the engine's own, which the process is told in the first line.
	Settings any

	Lanes    int // batches at the same time
	MaxRows  int // of a batch
	Features int
	Width    int // scores of a row

	// Starting is how long the process may take until it is ready; default one minute.
	Starting time.Duration
	// Hang is how long a batch may take before the process is killed; default 8 s. It
	// is below what a pool allows a batch, so that it is this that ends it.
	Hang time.Duration
	// Patience is how long a batch waits for a process that is being started again;
	// default one second.
	Patience time.Duration
	// MemoryLimit is how many bytes the process may have resident; it is looked at once a
	// second, and what has more is killed. 0 is no limit.
	MemoryLimit int64
	// Log is told what the process prints, and of its ends; nil discards that.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Starting == 0 {
		c.Starting = time.Minute
	}
	if c.Hang == 0 {
		c.Hang = 8 * time.Second
	}
	if c.Patience == 0 {
		c.Patience = time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// The pause before a process that has answered nothing is started again; it doubles
// from the first to the last. One that has answered is started again at once.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
)

// FailedError is what a process said of itself when it could not get ready, or of a
// batch that it could not run.
type FailedError struct{ Text string }

func (e *FailedError) Error() string { return e.Text }

// away makes an error for a batch that no row is to blame for.
func away(format string, args ...any) error {
	return fmt.Errorf("%w: %s", model.ErrUnavailable, fmt.Sprintf(format, args...))
}

var errClosed = errors.New("the process was closed")
