package export

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"penstock/quality"
	"penstock/quality/store/chunk"
)

// Parse reads a table as Read does, without a store, and checks that what comes of
// the rows of each version fits together.
func Parse(t *testing.T, f Format, table []byte) {
	next, err := records(f, bytes.NewReader(table), int64(len(table)))
	if err != nil {
		return
	}
	versions := make(map[[2]string]*version)
	for {
		r, err := next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return
		}
		v := versions[[2]string{r.Model, r.Version}]
		if v == nil {
			v = &version{o: quality.Outcomes{Model: r.Model, Version: r.Version}, places: make(map[string]int)}
			if v.guess(&r) != nil {
				return
			}
			versions[[2]string{r.Model, r.Version}] = v
		}
		if v.o.Len() > 0 && presenceOf(&r) != v.present {
			return
		}
		if v.add(&r) != nil {
			return
		}
	}
	var c chunk.Coder
	for _, v := range versions {
		if _, err := c.Append(nil, &v.o, 0, v.o.Len()); err != nil {
			t.Error(err)
		}
	}
}
