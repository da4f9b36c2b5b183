package weights_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"penstock/weights"
	"penstock/weights/weightstest"
)

// No file that a bundle names is read from outside its folder, and nothing but
// an ordinary file is opened. (Names with ".." are in manifestCases.)
func TestOnlyFilesOfTheFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(outside, smallWeights(), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := onDisk(t, small())
	tensors := filepath.Join(folder, "model.safetensors")
	cases := []struct {
		name string
		put  func() error
		says string // empty: it is read
	}{
		{"link inside", func() error { return os.Symlink("real", tensors) }, ""},
		{"link outside, absolute", func() error { return os.Symlink(outside, tensors) }, "escapes"},
		{"link outside, relative", func() error {
			to, err := filepath.Rel(folder, outside)
			if err != nil {
				return err
			}
			return os.Symlink(to, tensors)
		}, "escapes"},
		{"folder", func() error { return os.Mkdir(tensors, 0o700) }, "not a regular file"},
		{"named pipe", func() error { return mkfifo(tensors) }, "not a regular file"},
	}
	if err := os.Rename(tensors, filepath.Join(folder, "real")); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.put(); err != nil {
				t.Skip(err)
			}
			defer os.Remove(tensors)
			b, err := weights.Open(folder, known)
			if c.says == "" {
				load(t, b, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Load("")
			weightstest.WantError(t, err, "", c.says)
		})
	}
}

func TestOpenWhatIsNoBundle(t *testing.T) {
	_, err := weights.Open(filepath.Join(t.TempDir(), "nothing"), known)
	weightstest.WantError(t, err, "", "manifest.json: is missing")
	_, err = weights.Open(t.TempDir(), known)
	weightstest.WantError(t, err, "", "manifest.json: is missing")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = weights.Open(file, known)
	weightstest.WantError(t, err, "", "cannot be opened")
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
	b, err := weights.OpenFS(plainFS{files}, "test", known)
	load(t, b, err)

	hashed(files, "model.safetensors", weightstest.SumOf(nil))
	if b, err = weights.OpenFS(plainFS{files}, "test", known); err != nil {
		t.Fatal(err)
	}
	_, err = b.Load("")
	weightstest.WantError(t, err, "", "has SHA-256")
}
