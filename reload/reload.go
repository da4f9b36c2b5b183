// Package reload reads files again when they change: certificates, keys, lists of
// who may do what. It finds out by asking the system every second, which needs no
// help of the file system and sees every way in which files are replaced: written
// over, renamed into place, or reached by a symbolic link that now leads elsewhere,
// as Kubernetes does it.
//
// What is in the files is the caller's matter. So is keeping what was read before
// for as long as what is there now cannot be used.
package reload

import (
	"context"
	"log/slog"
	"os"
	"time"
)

// Interval is the time between two looks at the files.
const Interval = time.Second

// Files are read together, by one function, whenever one of them has changed.
type Files struct {
	paths []string
	load  func() error
	log   *slog.Logger

	seen    []os.FileInfo // as they were before they were read last; nil for one that was not there
	reads   int           // since they changed last
	failing bool          // the last of them did
}

// New reads the files for the first time, by calling load, whose error it returns.
// Paths that are empty are left out. It starts nothing: see Run.
//
// Run calls load again after changes. When load returns an error, what it read
// before must stay in force. It is called by New, and then only by Run, so never
// twice at the same time, and it may be called although nothing has changed. Its
// errors are logged: they must name the file, and hold nothing that is secret in it.
func New(paths []string, load func() error, log *slog.Logger) (*Files, error) {
	f := &Files{load: load, log: log, reads: 1}
	for _, path := range paths {
		if path != "" {
			f.paths = append(f.paths, path)
		}
	}
	f.seen = f.look() // before they are read: a change meanwhile is then seen as one
	return f, load()
}

// Run reads the files again when they change, until ctx ends.
//
// A change is read when it is seen, and once more a second later: some file systems
// keep times so coarsely that a second change right after the first looks like none.
// What cannot be used is tried again every second, since one of several files may
// have been replaced before the others, or rights may be mended, which does not
// change a file. It is an error in the log, once for each change, when it still
// cannot be used after a second.
func (f *Files) Run(ctx context.Context) {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.check()
		}
	}
}

func (f *Files) check() {
	const readings = 2 // of each change
	now := f.look()
	switch {
	case !f.same(now):
		f.seen, f.reads = now, 0
	case f.reads >= readings && !f.failing:
		return
	}
	err := f.load()
	f.reads++
	switch {
	case err == nil && (f.reads == 1 || f.failing):
		f.log.Info("files changed and were read again", "files", f.paths)
	case err != nil && f.reads == readings:
		f.log.Error("files changed and cannot be used; what was read before stays in force", "files", f.paths, "err", err,
			"advice", "mend them; they are tried again every second")
	}
	f.failing = err != nil
}

// look asks the system what the files are, at the end of all symbolic links.
func (f *Files) look() []os.FileInfo {
	infos := make([]os.FileInfo, len(f.paths))
	for i, path := range f.paths {
		if info, err := os.Stat(path); err == nil { // else load says what is wrong
			infos[i] = info
		}
	}
	return infos
}

// same reports whether the files are those that were seen last, unchanged.
func (f *Files) same(now []os.FileInfo) bool {
	for i, before := range f.seen {
		switch after := now[i]; {
		case before == nil || after == nil:
			if before != nil || after != nil {
				return false
			}
		case before.Size() != after.Size(), !before.ModTime().Equal(after.ModTime()), !os.SameFile(before, after):
			return false
		}
	}
	return true
}
