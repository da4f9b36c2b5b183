package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// ErrClosed means that the store was closed.
var ErrClosed = errors.New("quality: the store is closed")

// ErrToRead means that the store was opened for questions alone.
var ErrToRead = errors.New("quality: the store is open for reading only")

// LockedError means that another process uses the folder.
type LockedError struct{ Dir string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("quality: %s is used by another process; give each server a folder of its own, or end the other one", e.Dir)
}

// VersionError means that the database has a form that this program does not know.
type VersionError struct {
	Version, Known int // forms count up from 1
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the database has form %d; this program knows forms up to %d: use the newer program that wrote it, or another folder", e.Version, e.Known)
}

// ForeignError means that a file of the database's name is something else.
type ForeignError struct{ Path string }

func (e *ForeignError) Error() string {
	return "the database was not made by Penstock; move it away, or use another folder"
}

// CheckpointError means that the checkpoint cannot be used, and why. The store is
// none the worse: all its outcomes can be replayed.
type CheckpointError struct{ Reason string }

func (e *CheckpointError) Error() string {
	return "quality: the checkpoint of pending predictions " + e.Reason + "; labels for predictions from before the restart find nothing"
}

// explained says in which file and, where SQLite says it in its own words, what an
// error means and what to do.
func explained(dir string, err error) error {
	if err == nil {
		return nil
	}
	var locked *LockedError
	if errors.As(err, &locked) || errors.Is(err, ErrClosed) {
		return err
	}
	where := "the store in memory"
	if dir != "" {
		where = filepath.Join(dir, databaseName)
	}
	if reason := reason(err); reason != "" {
		return fmt.Errorf("quality: %s: %s: %w", where, reason, err)
	}
	return fmt.Errorf("quality: %s: %w", where, err)
}

// reason is what an error of the disk means; "" of another.
func reason(err error) string {
	switch code := primary(err); {
	case code == codes.SQLITE_FULL, errors.Is(err, syscall.ENOSPC):
		return "the disk is full; make room on it, or give the store fewer bytes"
	case code == codes.SQLITE_READONLY, errors.Is(err, syscall.EROFS):
		return "it cannot be written; let the server write to its folder"
	case code == codes.SQLITE_PERM, errors.Is(err, fs.ErrPermission):
		return "the server may not use it; let it read and write the folder"
	case code == codes.SQLITE_CANTOPEN:
		return "it cannot be opened; look whether the folder is there, and whether the server may write to it"
	case code == codes.SQLITE_IOERR:
		return "the disk fails or is full; look whether it has room, and at the system's log"
	case code == codes.SQLITE_CORRUPT, code == codes.SQLITE_NOTADB:
		return "it is damaged, or no database; move it away, or bring back a copy"
	}
	return ""
}

// primary is SQLite's primary result code (https://sqlite.org/rescode.html), 0 of
// another error.
func primary(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}
