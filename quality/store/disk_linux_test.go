package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"penstock/quality"
	"penstock/quality/store"
)

// TestRealDisk is TestFullDisk on a file system that is really full. It needs the right
// to mount one.
func TestRealDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("no file system of its own: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s, err := store.Open(store.Options{Dir: filepath.Join(dir, "data"), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	from := source{in: stream(2, "class"), n: 2000}
	round := func() { // as Run would, without waiting for it
		s.Round(func(b *quality.Batch) { from.take(b) }, time.Now().Add(time.Duration(from.given)*time.Minute))
	}
	round()
	if st := s.Status(); st.Degraded {
		t.Fatalf("%+v", st)
	}
	balloon := filepath.Join(dir, "balloon")
	if err := os.WriteFile(balloon, make([]byte, 8<<20), 0o600); err == nil {
		t.Fatal("the file system is not full")
	}
	for range 200 {
		if round(); s.Status().Degraded {
			break
		}
	}
	if st := s.Status(); !st.Degraded || st.Waiting == 0 {
		t.Fatalf("on a full disk: %+v", st)
	}
	if err := os.Remove(balloon); err != nil {
		t.Fatal(err)
	}
	round()
	whole(t, s, &from)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(balloon, make([]byte, 8<<20), 0o600); err == nil {
		t.Fatal("the file system is not full")
	}
	_, err = store.Open(store.Options{Dir: filepath.Join(dir, "data"), Logger: quiet})
	if err == nil || !store.DiskFailed(err) {
		t.Fatalf("a restart on a full disk: %v", err)
	}
	instead, err := store.OpenInstead(store.Options{Dir: filepath.Join(dir, "data"), Logger: quiet}, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = instead.Close() }()
	instead.Round(func(b *quality.Batch) { from.take(b) }, time.Now())
	if st := instead.Status(); !st.Degraded || st.Reason == "" || st.Where != "memory" || st.Rows != 2000 {
		t.Errorf("in its stead: %+v", st)
	}
	if err := os.Remove(balloon); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(store.Options{Dir: filepath.Join(dir, "data"), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	contiguous(t, rows(t, again, store.Query{Model: "m"}), from.given-2000)
}

// whole checks that everything was written, once and in order.
func whole(t *testing.T, s *store.Store, from *source) {
	t.Helper()
	if st := s.Status(); st.Degraded || st.Lost != 0 || int(st.Rows) != from.given {
		t.Errorf("%+v of %d", st, from.given)
	}
	contiguous(t, rows(t, s, store.Query{Model: "m"}), from.given)
}
