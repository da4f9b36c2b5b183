package reload_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"penstock/reload"
)

// pair is two files of a folder that must say the same, and what was read of them.
type pair struct {
	t      *testing.T
	folder string

	mu      sync.Mutex
	log     bytes.Buffer
	inForce string
	loads   int
	refused error // what load returns, if it is not nil
}

// Write takes a line of the log.
func (p *pair) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(line)
}

func (p *pair) path(name string) string { return filepath.Join(p.folder, name) }

// replace renames a new file into the place of another, as it should be done.
func (p *pair) replace(name, text string) {
	p.t.Helper()
	p.write(name+".new", text)
	if err := os.Rename(p.path(name+".new"), p.path(name)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) load() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loads++
	if p.refused != nil {
		return p.refused
	}
	one, err := os.ReadFile(p.path("one"))
	if err != nil {
		return err
	}
	two, err := os.ReadFile(p.path("two"))
	if err != nil {
		return err
	}
	if !bytes.Equal(one, two) {
		return fmt.Errorf("one is %s and two is %s", one, two)
	}
	p.inForce = string(one)
	return nil
}

// expect says what is in force, and which lines were logged since the last time.
func (p *pair) expect(inForce string, lines ...string) {
	p.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inForce != inForce {
		p.t.Errorf("%q is in force; want %q", p.inForce, inForce)
	}
	var logged []string
	for line := range strings.Lines(p.log.String()) {
		logged = append(logged, line)
	}
	p.log.Reset()
	if len(logged) != len(lines) {
		p.t.Fatalf("logged %q; want %q", logged, lines)
	}
	for i, want := range lines {
		if !strings.Contains(logged[i], want) {
			p.t.Errorf("logged %q; want %q", logged[i], want)
		}
	}
}

const (
	read   = `level=INFO msg="files changed and were read again"`
	unread = `level=ERROR msg="files changed and cannot be used; what was read before stays in force"`
)

// watching runs a test with a pair of files, both "a", that is read again.
func watching(t *testing.T, test func(p *pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pair{t: t, folder: t.TempDir()}
		p.write("one", "a")
		p.write("two", "a")
		files, err := reload.New([]string{p.path("one"), "", p.path("two")}, p.load, slog.New(slog.NewTextHandler(p, nil)))
		if err != nil {
			t.Fatal(err)
		}
		p.run(files, func() {
			p.expect("a")
			test(p)
		})
	})
}

// run runs a test while files are watched.
func (p *pair) run(files *reload.Files, test func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); files.Run(ctx) }()
	time.Sleep(reload.Interval / 2) // looks are then half an interval from what the test does
	test()
	cancel()
	<-ended
}

// next is after the next look.
func next() { time.Sleep(reload.Interval) }

func TestAChangeIsReadWithinASecond(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *pair)
		want   string
	}{
		"written over":     {func(p *pair) { p.write("one", "bb"); p.write("two", "bb") }, "bb"},
		"renamed":          {func(p *pair) { p.replace("one", "bb"); p.replace("two", "bb") }, "bb"},
		"of the same size": {func(p *pair) { p.replace("one", "b"); p.replace("two", "b") }, "b"},
		"of the same size and time": {func(p *pair) {
			for _, file := range []string{"one", "two"} {
				info, err := os.Stat(p.path(file))
				if err != nil {
					p.t.Fatal(err)
				}
				p.write(file+".new", "b")
				if err := errors.Join(os.Chtimes(p.path(file+".new"), info.ModTime(), info.ModTime()), os.Rename(p.path(file+".new"), p.path(file))); err != nil {
					p.t.Fatal(err)
				}
			}
		}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			watching(t, func(p *pair) {
				c.change(p)
				next()
				p.expect(c.want, read)
				time.Sleep(time.Hour)
				p.expect(c.want)
				if p.loads != 3 {
					t.Errorf("read %d times; want once at first, and twice after the change", p.loads)
				}
			})
		})
	}
}

// TestHalfAPair is no error when the other half follows.
func TestHalfAPair(t *testing.T) {
	watching(t, func(p *pair) {
		p.replace("one", "b")
		next()
		p.expect("a")
		p.replace("two", "b")
		next()
		p.expect("b", read)
	})
}

// TestABadChangeIsToldOnce, and what was read before stays.
func TestABadChangeIsToldOnce(t *testing.T) {
	watching(t, func(p *pair) {
		p.replace("one", "b")
		next()
		next()
		p.expect("a", unread)
		time.Sleep(time.Hour)
		p.expect("a")
		p.replace("one", "c")
		next()
		next()
		p.expect("a", unread)
		p.replace("one", "a")
		next()
		p.expect("a", read)
	})
}

// TestAFileThatGoes is a change as well.
func TestAFileThatGoes(t *testing.T) {
	watching(t, func(p *pair) {
		if err := os.Remove(p.path("two")); err != nil {
			t.Fatal(err)
		}
		next()
		next()
		p.expect("a", unread)
		p.replace("two", "a")
		next()
		p.expect("a", read)
	})
}

// TestMendedWithoutAChange: rights are no part of what a file is, so what failed is
// tried again without any change.
func TestMendedWithoutAChange(t *testing.T) {
	watching(t, func(p *pair) {
		p.refuse(errors.New("no right to read it"))
		p.replace("one", "b")
		p.replace("two", "b")
		time.Sleep(time.Minute)
		p.expect("a", unread)
		p.refuse(nil)
		next()
		p.expect("b", read)
	})
}

func (p *pair) refuse(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = err
}

// TestSymbolicLinks are how Kubernetes replaces what it mounts: the file is a link
// into a folder that is itself a link, which is what changes.
func TestSymbolicLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pair{t: t, folder: t.TempDir()}
		for _, version := range []string{"1", "2"} {
			if err := os.Mkdir(p.path(version), 0o700); err != nil {
				t.Fatal(err)
			}
			p.write(version+"/one", version)
			p.write(version+"/two", version)
		}
		link := func(to, name string) {
			t.Helper()
			if err := errors.Join(os.Symlink(to, p.path(name+".new")), os.Rename(p.path(name+".new"), p.path(name))); err != nil {
				t.Fatal(err)
			}
		}
		link("1", "..data")
		link("..data/one", "one")
		link("..data/two", "two")
		files, err := reload.New([]string{p.path("one"), p.path("two")}, p.load, slog.New(slog.NewTextHandler(p, nil)))
		if err != nil {
			t.Fatal(err)
		}
		p.run(files, func() {
			p.expect("1")
			link("2", "..data")
			next()
			p.expect("2", read)
		})
	})
}

// TestTheFirstReading returns its error.
func TestTheFirstReading(t *testing.T) {
	bad := errors.New("bad")
	if _, err := reload.New([]string{"missing"}, func() error { return bad }, slog.New(slog.DiscardHandler)); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
}
