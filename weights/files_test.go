package weights

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// No file that a bundle names is read from outside its folder, and nothing but
// an ordinary file is opened. (Names with ".." are in manifestCases.)
func TestOnlyFilesOfTheFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(outside, smallWeights(), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := onDisk(t, small())
	weights := filepath.Join(folder, "model.safetensors")
	cases := []struct {
		name string
		put  func() error
		says string // empty: it is read
	}{
		{"link inside", func() error { return os.Symlink("real", weights) }, ""},
		{"link outside, absolute", func() error { return os.Symlink(outside, weights) }, "escapes"},
		{"link outside, relative", func() error {
			to, err := filepath.Rel(folder, outside)
			if err != nil {
				return err
			}
			return os.Symlink(to, weights)
		}, "escapes"},
		{"folder", func() error { return os.Mkdir(weights, 0o700) }, "not a regular file"},
		{"named pipe", func() error { return mkfifo(weights) }, "not a regular file"},
	}
	if err := os.Rename(weights, filepath.Join(folder, "real")); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.put(); err != nil {
				t.Skip(err)
			}
			defer os.Remove(weights)
			b, err := Open(folder)
			if c.says == "" {
				load(t, b, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Load("")
			wantError(t, err, "", c.says)
		})
	}
}

func TestOpenWhatIsNoBundle(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "nothing"))
	wantError(t, err, "", "manifest.json: is missing")
	_, err = Open(t.TempDir())
	wantError(t, err, "", "manifest.json: is missing")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(file)
	wantError(t, err, "", "cannot be opened")
}

// plainFS has files that cannot seek.
type plainFS struct{ fstest.MapFS }

type plainFile struct{ fs.File }

func (p plainFS) Open(name string) (fs.File, error) {
	f, err := p.MapFS.Open(name)
	return plainFile{f}, err
}

func TestFilesThatCannotSeek(t *testing.T) {
	files := small()
	b, err := OpenFS(plainFS{files}, "test")
	load(t, b, err)

	hashed(files, "model.safetensors", sumOf(nil))
	if b, err = OpenFS(plainFS{files}, "test"); err != nil {
		t.Fatal(err)
	}
	_, err = b.Load("")
	wantError(t, err, "", "has SHA-256")
}
