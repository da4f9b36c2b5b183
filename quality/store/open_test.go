package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"penstock/quality"
	"penstock/quality/store"
)

// change lets do change the database of a folder in which no store is open.
func change(t *testing.T, dir, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "quality.db"))
	if err == nil {
		_, err = db.ExecContext(t.Context(), query)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// filled is a folder with the store of some rows, closed.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, store.Options{Dir: dir})
	write(t, s, batch(stream(1, "class").Take(100)))
	if err := saved(s, func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Repeat("waits ", 1000))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestNewerIsRefused(t *testing.T) {
	dir := filled(t)
	change(t, dir, fmt.Sprintf("PRAGMA user_version = %d", store.Steps()+1))
	var newer *store.VersionError
	_, err := store.Open(store.Options{Dir: dir})
	if !errors.As(err, &newer) || newer.Version != store.Steps()+1 || newer.Known != store.Steps() || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
	change(t, dir, fmt.Sprintf("PRAGMA user_version = %d", store.Steps()))
	if s := open(t, store.Options{Dir: dir}); s.Status().Rows != 100 { // and was not touched
		t.Errorf("%+v", s.Status())
	}
}

func TestForeignIsRefused(t *testing.T) {
	dir := t.TempDir()
	change(t, dir, "CREATE TABLE theirs (a)")
	var foreign *store.ForeignError
	if _, err := store.Open(store.Options{Dir: dir}); !errors.As(err, &foreign) {
		t.Errorf("%v", err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "quality.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(store.Options{Dir: other}); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("%v", err)
	}
}

// TestEveryStep: a database that took only the first steps takes the others when it
// is opened.
func TestEveryStep(t *testing.T) {
	for taken := range store.Steps() {
		dir := t.TempDir()
		store.MakeForm(t, filepath.Join(dir, "quality.db"), taken)
		s := open(t, store.Options{Dir: dir})
		write(t, s, batch(stream(1, "class").Take(10)))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s := open(t, store.Options{Dir: dir}); s.Status().Rows != 10 {
			t.Errorf("form %d: %+v", taken, s.Status())
		}
	}
}

// TestStepIsWhole: a step that fails leaves the database as it was.
func TestStepIsWhole(t *testing.T) {
	dir := filled(t)
	undo := store.AddStep("CREATE TABLE more (a); CREATE TABLE chunk (a)") // there is one
	if _, err := store.Open(store.Options{Dir: dir}); err == nil {
		t.Fatal("a step that fails was taken")
	}
	undo()
	s := open(t, store.Options{Dir: dir})
	if s.Status().Rows != 100 {
		t.Errorf("%+v", s.Status())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	defer store.AddStep("CREATE TABLE more (a)")() // as if the failed one had not been
	open(t, store.Options{Dir: dir})
}

// TestBadCheckpoints: one that cannot be trusted is refused in words, never read, and
// everything that is kept is replayed.
func TestBadCheckpoints(t *testing.T) {
	edit := func(change func([]byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, "quality.checkpoint")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, damage := range map[string]func(t *testing.T, dir string){
		"another byte": edit(func(b []byte) []byte { b[17] ^= 1; return b }),
		"cut off":      edit(func(b []byte) []byte { return b[:len(b)/2] }),
		"empty":        edit(func([]byte) []byte { return nil }),
		"of another database": func(t *testing.T, dir string) {
			change(t, dir, "UPDATE meta SET value = zeroblob(16) WHERE name = 'id'")
		},
		"of an older database": func(t *testing.T, dir string) {
			change(t, dir, "UPDATE sqlite_sequence SET seq = 0")
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			damage(t, dir)
			s := open(t, store.Options{Dir: dir})
			var bad *store.CheckpointError
			found, err := s.LoadCheckpoint(func(io.Reader) error {
				t.Error("it was read")
				return nil
			})
			if found || !errors.As(err, &bad) {
				t.Errorf("found %t, %v", found, err)
			}
			replayed := 0
			if err := s.Replay(func(b *quality.Batch) error {
				for _, o := range b.Outcomes {
					replayed += o.Len()
				}
				return nil
			}); err != nil || replayed != 100 {
				t.Errorf("%d rows are replayed, %v", replayed, err)
			}
		})
	}
}

// TestUnfinishedCheckpoints of processes that were killed do not pile up.
func TestUnfinishedCheckpoints(t *testing.T) {
	dir := filled(t)
	left := filepath.Join(dir, "quality.checkpoint.123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, store.Options{Dir: dir})
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if found, err := s.LoadCheckpoint(func(io.Reader) error { return nil }); !found || err != nil {
		t.Errorf("the finished one is found %t, %v", found, err)
	}
}

func TestNoCheckpoint(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		s := open(t, store.Options{Dir: dir})
		if found, err := s.LoadCheckpoint(func(io.Reader) error { return nil }); found || err != nil {
			t.Errorf("found %t, %v", found, err)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	for want, o := range map[string]store.Options{
		"1h0m0s or more":  {Keep: time.Minute},
		"1048576 or more": {Bytes: 1},
	} {
		if _, err := store.Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(store.Options{Dir: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file in place of a folder: %v", err)
	}
}

func TestClosed(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		s := open(t, store.Options{Dir: dir})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		b := batch(stream(1, "class").Take(1))
		if err := s.Write(&b); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
		if _, err := s.Points(t.Context(), store.Query{Model: "m"}); err == nil {
			t.Error("a closed store answers")
		}
		if err := saved(s, func(io.Writer) error { return nil }); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Checkpoint: %v", err)
		}
	}
}

// TestWhoIsToBlame: what an administrator must repair is not taken for a disk that fails.
func TestWhoIsToBlame(t *testing.T) {
	dir := filled(t)
	change(t, dir, "PRAGMA user_version = 99")
	if _, err := store.Open(store.Options{Dir: dir}); err == nil || store.DiskFailed(err) {
		t.Errorf("%v", err)
	}
	s := open(t, store.Options{Dir: t.TempDir()})
	pragma(t, s, "max_page_count = 1")
	b := batch(stream(1, "class").Take(1000))
	if err := s.Write(&b); err == nil || !store.DiskFailed(err) {
		t.Errorf("%v", err)
	}
}

// TestPrivate: others on the machine cannot read the database.
func TestPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files there have other rights")
	}
	dir := filled(t)
	for _, name := range []string{"quality.db", "quality.checkpoint"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			t.Errorf("%s has mode %o", name, mode)
		}
	}
}
