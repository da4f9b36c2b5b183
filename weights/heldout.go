package weights

import (
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Rows are labelled rows of bytes, one after the other.
type Rows struct {
	Features int
	// Pixels has Len × Features bytes; a byte times Input.Uint8Scale is a
	// feature.
	Pixels []byte
	// Labels has the index of the true class of each row.
	Labels []byte
}

// HeldOut returns 2,000 digits, drawn at random from MNIST's test images, on
// which the built-in bundle was never trained. The rows are the caller's own.
func HeldOut() (*Rows, error) {
	f, err := digits().Open("heldout.bin.gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := readRows(f)
	if err != nil {
		return nil, fmt.Errorf("held-out digits: %w", err)
	}
	return rows, nil
}

// readRows reads what the recipe wrote: gzip of the number of rows and of
// features (uint32, little-endian), the labels, the rows.
func readRows(r io.Reader) (*Rows, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	var shape [2]uint32
	if err := binary.Read(unzipped, binary.LittleEndian, &shape); err != nil {
		return nil, err
	}
	const most = 1 << 30 // bytes; the file is our own, so this only catches damage
	n, features := uint64(shape[0]), uint64(shape[1])
	if features < 1 || n*features > most {
		return nil, fmt.Errorf("%d rows of %d features; expected at least one feature and at most %d bytes", n, features, most)
	}
	rows := &Rows{Features: int(features), Labels: make([]byte, n), Pixels: make([]byte, n*features)}
	for _, into := range [][]byte{rows.Labels, rows.Pixels} {
		if _, err := io.ReadFull(unzipped, into); err != nil {
			return nil, err
		}
	}
	// Only at its end does gzip check its own sum.
	switch _, err := io.ReadFull(unzipped, make([]byte, 1)); {
	case err == nil:
		return nil, errors.New("bytes left over")
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return rows, nil
}

// Len returns the number of rows.
func (r *Rows) Len() int { return len(r.Labels) }

// Row returns row i, a part of Pixels.
func (r *Rows) Row(i int) []byte { return r.Pixels[i*r.Features : (i+1)*r.Features] }

// Label returns the index of row i's true class.
func (r *Rows) Label(i int) int { return int(r.Labels[i]) }
