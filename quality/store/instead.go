package store

import (
	"errors"
	"syscall"

	codes "modernc.org/sqlite/lib"
)

// DiskFailed reports whether an error of Open is the disk's, such as one that is full,
// rather than that of a setting or of another program. A server can do without its
// history; see OpenInstead.
func DiskFailed(err error) bool {
	for _, one := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO} {
		if errors.Is(err, one) {
			return true
		}
	}
	switch primary(err) {
	case codes.SQLITE_FULL, codes.SQLITE_IOERR, codes.SQLITE_READONLY, codes.SQLITE_CANTOPEN:
		return true
	}
	return false
}

// OpenInstead opens a store in memory in place of one on a disk that failed with cause:
// it keeps what comes until Close, and its Status says that it is degraded, and why.
func OpenInstead(o Options, cause error) (*Store, error) {
	o.Dir = ""
	s, err := Open(o)
	if err != nil {
		return nil, err
	}
	s.instead = cause
	s.update(func(st *Status) {
		st.Degraded = true
		st.Reason = cause.Error() + "; the history is in memory until the server starts again"
	})
	return s, nil
}
