package store

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"penstock/quality"
	"penstock/quality/store/chunk"
)

// mostClasses is how many a model may have for its truths × predictions to be
// counted, as on the page.
const mostClasses = 256

// cells are how often each truth met each prediction: truth × mostClasses + prediction.
type cells map[uint32]uint64

func hasCells(o *quality.Outcomes) bool {
	return o.Kind == "class" && o.Width == 1 && o.LabelWidth == 1 && len(o.Classes) <= mostClasses
}

func (c cells) add(o *quality.Outcomes, i int) {
	truth, prediction, n := int(o.Truths[i]), int(o.Values[i]), len(o.Classes)
	if truth >= 0 && truth < n && prediction >= 0 && prediction < n {
		c[uint32(truth*mostClasses+prediction)]++
	}
}

// append writes the cells as pairs: how far it is from the one before, and its count.
func (c cells) append(dst []byte) []byte {
	before := uint32(0)
	for _, at := range slices.Sorted(maps.Keys(c)) {
		dst = binary.AppendUvarint(dst, uint64(at-before))
		dst = binary.AppendUvarint(dst, c[at])
		before = at
	}
	return dst
}

// read adds the cells of a blob.
func (c cells) read(blob []byte) error {
	at := uint64(0)
	for len(blob) > 0 {
		step, first := binary.Uvarint(blob)
		count, second := binary.Uvarint(blob[max(first, 0):])
		if at += step; first <= 0 || second <= 0 || max(at, step) >= mostClasses*mostClasses {
			return fmt.Errorf("%w: its cells are cut off", chunk.ErrDamaged)
		}
		c[uint32(at)] += count
		blob = blob[first+second:]
	}
	return nil
}

func (w *writer) countCells(k cellHour, more cells) error {
	var blob []byte
	if _, err := w.value(&blob, "SELECT cells FROM cell WHERE series = ? AND late = ? AND at = ? AND shape = ?", k.series, k.late, k.at, k.shape); err != nil {
		return err
	}
	if err := more.read(blob); err != nil {
		return err
	}
	_, err := w.exec("INSERT OR REPLACE INTO cell VALUES (?, ?, ?, ?, ?)", k.series, k.late, k.at, k.shape, more.append(blob[:0]))
	return err
}
