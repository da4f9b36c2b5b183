package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// maxJSON bounds manifest.json and the golden file, which are read whole.
const maxJSON = 4 << 20

// dir is a folder on disk that no name, and no symbolic link, leads out of.
type dir string

// Open opens a regular file. It looks first, because opening a named pipe
// would wait for a writer.
func (d dir) Open(name string) (fs.File, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if info, err := root.Stat(name); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return root.Open(name)
}

// checkName refuses a file name that could lead out of the bundle on any
// system, or garble a log.
func checkName(name string) error {
	odd := func(r rune) bool { return r == '\\' || r == ':' || !unicode.IsPrint(r) }
	if name == "." || !fs.ValidPath(name) || !filepath.IsLocal(name) || strings.ContainsFunc(name, odd) || len(name) > 255 {
		return fmt.Errorf("is %q; expected the name of a file inside the bundle: no leading slash, no \"..\", no backslash, no colon", name)
	}
	return nil
}

// open opens a file of the bundle and returns its size.
func (b *Bundle) open(name string) (fs.File, int64, error) {
	f, err := b.files.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, 0, b.in(name, wrong("", "is missing; expected it beside manifest.json: %w", err))
		}
		return nil, 0, b.in(name, wrong("", "cannot be opened: %w", err))
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, b.in(name, wrong("", "cannot be read: %w", err))
	}
	if !info.Mode().IsRegular() {
		f.Close()
		return nil, 0, b.in(name, wrong("", "is not a regular file"))
	}
	return f, info.Size(), nil
}

// readVerified reads a file whole and checks its hash, of exactly the bytes it
// returns. A limit of 0 means none but the file's own size.
func (b *Bundle) readVerified(name string, limit int64) (data []byte, sum string, err error) {
	f, size, err := b.open(name)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	if limit > 0 && size > limit {
		return nil, "", b.in(name, wrong("", "has %d bytes; at most %d are read", size, limit))
	}
	data = make([]byte, size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, "", b.in(name, wrong("", "cannot be read: %w", err))
	}
	hash := sha256.Sum256(data)
	sum = hex.EncodeToString(hash[:])
	return data, sum, b.compare(name, sum)
}

// File is a file of a bundle whose hash was checked, at its start.
type File struct {
	io.ReadCloser
	Size   int64
	SHA256 string // measured, in hexadecimal
}

// openVerified checks a file's hash and goes back to its start, so that a
// large file need not fit in memory twice.
func (b *Bundle) openVerified(name string) (*File, error) {
	f, size, err := b.open(name)
	if err != nil {
		return nil, err
	}
	s, ok := f.(io.ReadSeeker)
	if !ok { // a file system whose files cannot go back
		f.Close()
		data, sum, err := b.readVerified(name, 0)
		return &File{io.NopCloser(bytes.NewReader(data)), size, sum}, err
	}
	hash := sha256.New()
	if _, err = io.Copy(hash, s); err == nil {
		_, err = s.Seek(0, io.SeekStart)
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	if err != nil {
		err = b.in(name, wrong("", "cannot be read: %w", err))
	} else {
		err = b.compare(name, sum)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &File{f, size, sum}, nil
}

// compare holds a file's hash to the manifest's, where that has one.
func (b *Bundle) compare(name, sum string) error {
	want, ok := b.manifest.hashes[name]
	if !ok || want == sum {
		return nil
	}
	return b.in(name, wrong("", "has SHA-256 %s; manifest.json says %s: the file is damaged or was replaced; copy the bundle again", sum, want))
}
