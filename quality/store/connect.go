package store

import (
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"

	codes "modernc.org/sqlite/lib"
)

// What connections are for.
var (
	writing = url.Values{"_pragma": {
		"busy_timeout(5000)",
		"auto_vacuum(incremental)", // before the first table
		"journal_mode(wal)",
		"synchronous(full)",
		"journal_size_limit(8388608)",
		"cache_size(-8192)",
		"temp_store(memory)",
	}}
	reading = url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)", "query_only(1)", "cache_size(-4096)"}}
	// excluding is for the lock: a database without content, which one process at a
	// time may use. SQLite knows how to lock a file on every system.
	excluding = url.Values{"_pragma": {"busy_timeout(0)", "journal_mode(memory)"}}
)

// connect opens no file yet. An empty path is memory.
func connect(path string, how url.Values) (*sql.DB, error) {
	if path == "" {
		return sql.Open("sqlite", ":memory:")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	absolute = filepath.ToSlash(absolute)
	if !strings.HasPrefix(absolute, "/") { // a drive
		absolute = "/" + absolute
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: absolute, RawQuery: how.Encode()}
	return sql.Open("sqlite", name.String())
}

// exclude keeps other processes out for as long as the store is open.
func (s *Store) exclude() error {
	lock, err := connect(filepath.Join(s.options.Dir, lockName), excluding)
	if err != nil {
		return err
	}
	s.lock = lock
	lock.SetMaxOpenConns(1)
	if _, err := lock.ExecContext(context.Background(), "BEGIN EXCLUSIVE"); err != nil {
		if primary(err) == codes.SQLITE_BUSY {
			return &LockedError{Dir: s.options.Dir}
		}
		return err
	}
	return nil
}
