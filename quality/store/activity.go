package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"penstock/quality"
	"penstock/quality/store/chunk"
)

// activity writes what else happened, in a chunk without series.
func (w *writer) activity(list []quality.Activity) error {
	for i := range list {
		series, err := w.seriesOf(list[i].Model, list[i].Version)
		if err != nil {
			return err
		}
		w.tallied.activity(series, &list[i])
	}
	return w.activityChunk(0, list)
}

// activityChunk writes a chunk of that number, or of the next.
func (w *writer) activityChunk(seq int64, list []quality.Activity) error {
	if len(list) == 0 {
		return nil
	}
	blob := []byte{activityForm}
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range list {
		a := &list[i]
		series, err := w.seriesOf(a.Model, a.Version)
		if err != nil {
			return err
		}
		blob = appendActivity(blob, series, a)
		from, to = min(from, a.Minute), max(to, a.Minute)
	}
	from, to = from*int64(time.Minute), (to+1)*int64(time.Minute)-1
	return w.chunk(chunkRow{seq: seq, data: blob, predictedFrom: from, predictedTo: to, labelledFrom: from, labelledTo: to})
}

const activityForm = 1

func appendActivity(dst []byte, series int64, a *quality.Activity) []byte {
	dst = binary.AppendUvarint(dst, uint64(series))
	dst = binary.AppendVarint(dst, a.Minute)
	for _, n := range []uint64{a.Predicted, a.Forgotten, a.Sure} {
		dst = binary.AppendUvarint(dst, n)
	}
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(a.Confidence))
}

// readActivity reads what appendActivity wrote; names are the models and versions of
// series.
func readActivity(blob []byte, names map[int64][2]string) (list []quality.Activity, err error) {
	if len(blob) == 0 || blob[0] != activityForm {
		return nil, fmt.Errorf("%w: activity of an unknown form", chunk.ErrDamaged)
	}
	for rest := blob[1:]; len(rest) > 0; {
		var a quality.Activity
		var fields [5]uint64
		for i := range fields {
			n, length := binary.Uvarint(rest)
			if length <= 0 {
				return nil, fmt.Errorf("%w: activity is cut off", chunk.ErrDamaged)
			}
			fields[i], rest = n, rest[length:]
		}
		if len(rest) < 8 {
			return nil, fmt.Errorf("%w: activity is cut off", chunk.ErrDamaged)
		}
		name, known := names[int64(fields[0])]
		if !known {
			return nil, fmt.Errorf("%w: activity of series %d, which is not known", chunk.ErrDamaged, fields[0])
		}
		a.Model, a.Version = name[0], name[1]
		a.Minute = int64(fields[1]>>1) ^ -int64(fields[1]&1)
		a.Predicted, a.Forgotten, a.Sure = fields[2], fields[3], fields[4]
		a.Confidence = math.Float64frombits(binary.LittleEndian.Uint64(rest))
		list, rest = append(list, a), rest[8:]
	}
	return list, nil
}
