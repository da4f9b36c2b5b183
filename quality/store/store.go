// Package store keeps what the labels said over restarts: every labelled outcome for
// some weeks, and what they add up to for more than a year, in one SQLite database.
//
// Its contract: a batch is written whole or not at all, and once. What Write has
// returned for is on the disk. It is off the way of a request: a disk that is full or
// fails makes it degraded, which it says and counts, and recovers from; nobody who
// predicts or labels notices. It judges nothing: what a label says is known to
// package quality, and what numbers mean to package measure.
//
// Outcomes lie in the table chunk as columnar blobs, one for each batch and series (package
// chunk): a row takes some 17 bytes there, where a row of a table with an index
// takes 74. The sums that pages are drawn from are made in the same transaction.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What Options mean where they say nothing.
const (
	DefaultKeep  = 30 * 24 * time.Hour
	DefaultBytes = 1 << 30
)

const (
	leastKeep  = time.Hour
	leastBytes = 1 << 20
)

// The files of a store.
const (
	databaseName   = "quality.db"
	checkpointName = "quality.checkpoint"
	lockName       = "quality.lock"
)

// Options configure a Store.
type Options struct {
	// Dir is the folder for its files; it is made if it is not there. Empty keeps
	// everything in memory, until Close.
	Dir string
	// Keep is how long outcomes are kept after their prediction; zero means DefaultKeep.
	// What they add up to by hours and days stays 13 months, by minutes as long as they,
	// at least 31 days.
	Keep time.Duration
	// Bytes bounds the database; zero means DefaultBytes. Above it the oldest outcomes go,
	// a chunk at a time, and when there are none left, the older half of the minutes. Files take more for a while: up to a few MiB that are written
	// but not yet in their place, and the checkpoint.
	Bytes int64
	// Logger is told when the disk fails and recovers. Nil means slog.Default().
	Logger *slog.Logger
	// Registerer receives the store's metrics. Nil means none.
	Registerer prometheus.Registerer
}

func (o *Options) validate() error {
	if o.Keep == 0 {
		o.Keep = DefaultKeep
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Keep < leastKeep {
		return fmt.Errorf("quality: outcomes are to be kept for %s; expected %s or more", o.Keep, leastKeep)
	}
	if o.Bytes < leastBytes {
		return fmt.Errorf("quality: the store is to have %d bytes; expected %d or more", o.Bytes, leastBytes)
	}
	return nil
}

// Store is the database. It is safe for concurrent use.
type Store struct {
	options Options
	lock    *sql.DB
	write   *sql.DB // one connection
	read    *sql.DB // nil in memory, where there is one connection for all
	id      string  // of the database, drawn when it was made
	key     [16]byte

	mu      sync.Mutex // guards writing, and in memory all use of the connection
	writer  writer
	waiting waiting
	seen    int64 // the newest chunk that the checkpoint has seen
	closed  bool
	toRead  bool
	// instead is why the store is in memory and not on the disk.
	instead error

	// reading is held by those who read chunks, so that none moves meanwhile.
	reading sync.RWMutex

	state state
}

// Open opens the store of a folder, makes it where there is none, and brings it to
// the form of this program. It fails with a *LockedError where another process has it,
// and with a *VersionError where a newer program made it.
func Open(o Options) (*Store, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Store{options: o}
	if err := s.open(); err != nil {
		_ = s.Close()
		return nil, explained(o.Dir, err)
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(newCollector(s)); err != nil {
			_ = s.Close()
			return nil, fmt.Errorf("quality: Registerer: %w", err)
		}
	}
	return s, nil
}

// OpenToRead opens the store of a folder for questions alone, also while a server
// writes to it. Write, Checkpoint, Import and Tidy fail with ErrToRead.
func OpenToRead(dir string) (*Store, error) {
	s := &Store{options: Options{Dir: dir}, toRead: true}
	if err := s.openToRead(); err != nil {
		_ = s.Close()
		return nil, explained(dir, err)
	}
	return s, nil
}

func (s *Store) openToRead() error {
	if _, err := os.Stat(s.file()); err != nil {
		return err
	}
	var err error
	if s.read, err = connect(s.file(), reading); err != nil {
		return err
	}
	form, err := formOf(context.Background(), s.read)
	if err == nil && form < len(steps) {
		return fmt.Errorf("the database has form %d; this program reads form %d: start its server once, which brings it there", form, len(steps))
	}
	return err
}

func (s *Store) open() error {
	if s.options.Dir != "" {
		if err := os.MkdirAll(s.options.Dir, 0o700); err != nil {
			return err
		}
		if err := s.exclude(); err != nil {
			return err
		}
		if err := private(s.file()); err != nil {
			return err
		}
		s.sweep()
	}
	var err error
	if s.write, err = connect(s.file(), writing); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	s.write.SetMaxIdleConns(1)
	ctx := context.Background()
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	if s.options.Dir != "" {
		if s.read, err = connect(s.file(), reading); err != nil {
			return err
		}
		s.read.SetMaxOpenConns(readers)
	}
	s.writer.db = s.write
	if err := s.identify(ctx); err != nil {
		return err
	}
	if s.seen, err = s.through(); err != nil {
		return err
	}
	return s.measure(ctx)
}

// private makes a file that is not there one that others cannot read: the database has
// the key of request ids, and who predicted what.
func private(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the folder is named by whoever starts the server
	if err != nil {
		return err
	}
	return file.Close()
}

// sweep takes away the checkpoints that a process had not finished when it was killed.
// Where it cannot, they take room and nothing else.
func (s *Store) sweep() {
	files, _ := os.ReadDir(s.options.Dir)
	for _, file := range files {
		if strings.HasPrefix(file.Name(), checkpointName+".") {
			_ = os.Remove(filepath.Join(s.options.Dir, file.Name()))
		}
	}
}

// readers bounds the questions that are answered at a time.
const readers = 4

func (s *Store) file() string {
	if s.options.Dir == "" {
		return ""
	}
	return filepath.Join(s.options.Dir, databaseName)
}

// Key is the one for quality.Options.Key, drawn when the database was made: with it,
// scopes and request ids mean after a restart what they meant before.
func (s *Store) Key() [16]byte { return s.key }

// Close ends what is being read, and closes the files. What was written is safe
// without.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.writer.close()
	var first error
	for _, db := range []*sql.DB{s.read, s.write, s.lock} {
		if db == nil {
			continue
		}
		if err := db.Close(); err != nil && first == nil {
			first = fmt.Errorf("quality: the store: %w", err)
		}
	}
	return first
}

// usable is nil as long as the store can be written.
func (s *Store) usable() error {
	switch {
	case s.closed:
		return ErrClosed
	case s.toRead:
		return ErrToRead
	}
	return nil
}

// ask lets do use a connection for reading.
func (s *Store) ask(ctx context.Context, do func(*sql.Conn) error) error {
	if s.read == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			return ErrClosed
		}
		conn, err := s.writer.connection(ctx)
		if err != nil {
			return err
		}
		return do(conn)
	}
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return explained(s.options.Dir, err)
	}
	defer func() { _ = conn.Close() }()
	return do(conn)
}
