// Package quietlog writes log lines whose number or text a client decides: at
// most one a second of each kind, with how many were left out since the last,
// and no more of a client's own words than Cut lets through. What the program
// says on its own account needs none of this.
package quietlog

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// interval is the least time between two lines of a kind.
const interval = time.Second

// Logger rations lines. It is safe for concurrent use.
type Logger struct {
	to         *slog.Logger
	suppressed prometheus.Counter

	mu    sync.Mutex
	kinds map[string]*kind
}

type kind struct {
	next   time.Time // before it, lines are left out
	missed uint64    // since the last line
}

// New makes a Logger that writes to to and counts in suppressed the lines that
// it leaves out.
func New(to *slog.Logger, suppressed prometheus.Counter) *Logger {
	return &Logger{to: to, suppressed: suppressed, kinds: make(map[string]*kind)}
}

// Log writes a line, unless there was one with the same message within the last
// second. The message is the kind: it must be a constant, since every message
// is remembered.
func (l *Logger) Log(level slog.Level, message string, args ...any) {
	if !l.to.Enabled(context.Background(), level) {
		return
	}
	missed, ok := l.take(message)
	if !ok {
		l.suppressed.Inc()
		return
	}
	if missed > 0 {
		args = append(args, "suppressed", missed)
	}
	l.to.Log(context.Background(), level, message, args...)
}

// take reports whether a line of a kind may be written now, and how many were
// not since the last.
func (l *Logger) take(message string) (missed uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kinds[message]
	if k == nil {
		k = &kind{}
		l.kinds[message] = k
	}
	now := time.Now()
	if now.Before(k.next) {
		k.missed++
		return 0, false
	}
	missed, k.next, k.missed = k.missed, now.Add(interval), 0
	return missed, true
}

// cutTo is how many bytes of a client's words are repeated.
const cutTo = 64

// Cut returns at most 64 bytes of what a client sent, escaped so that it is
// printable ASCII, and "..." where there was more.
func Cut(s string) string {
	quoted := strconv.QuoteToASCII(s[:min(len(s), cutTo)])
	quoted = quoted[1 : len(quoted)-1]
	if len(s) <= cutTo && len(quoted) <= cutTo {
		return quoted
	}
	return quoted[:min(len(quoted), cutTo-3)] + "..."
}

// panicked is how net/http begins to tell of a handler that panicked.
const panicked = "http: panic serving"

// HTTP returns where an http.Server's ErrorLog is to write. A panic, with its
// stack, is an error of ours; all else is a client's doing, said at debug only.
func (l *Logger) HTTP() io.Writer { return httpWriter{l} }

type httpWriter struct{ log *Logger }

func (w httpWriter) Write(line []byte) (int, error) {
	if bytes.HasPrefix(line, []byte(panicked)) {
		w.log.Log(slog.LevelError, "panic in an HTTP handler; its connection was closed", "err", string(line))
	} else {
		w.log.Log(slog.LevelDebug, "http", "err", Cut(string(bytes.TrimSpace(line))))
	}
	return len(line), nil
}
