package quality

import (
	"encoding/binary"
	"errors"
	"math"
)

// errState refuses the sums of another judge.
var errState = errors.New("what was kept is of another output, or damaged")

// numbers are the sums of a judge on their way to disk and back.
type numbers struct {
	b   []byte
	bad bool
}

func (n *numbers) putUint(values ...uint64) {
	for _, v := range values {
		n.b = binary.AppendUvarint(n.b, v)
	}
}

func (n *numbers) putFloat(values ...float64) {
	for _, v := range values {
		n.b = binary.LittleEndian.AppendUint64(n.b, math.Float64bits(v))
	}
}

func (n *numbers) uint() uint64 {
	v, size := binary.Uvarint(n.b)
	if size <= 0 {
		n.bad, n.b = true, nil
		return 0
	}
	n.b = n.b[size:]
	return v
}

func (n *numbers) float() float64 {
	if len(n.b) < 8 {
		n.bad, n.b = true, nil
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(n.b))
	n.b = n.b[8:]
	return v
}

func (n *numbers) done() error {
	if n.bad || len(n.b) > 0 {
		return errState
	}
	return nil
}

func (c *calibration) put(n *numbers) {
	for _, bin := range c {
		n.putUint(bin.count, bin.correct)
		n.putFloat(bin.confidence)
	}
}

func (c *calibration) get(n *numbers) {
	for i := range c {
		c[i] = calibrationBin{count: n.uint(), correct: n.uint(), confidence: n.float()}
	}
}

// AppendBinary implements Lasting.
func (j *classJudge) AppendBinary(dst []byte) ([]byte, error) {
	n := numbers{b: dst}
	n.putUint(uint64(len(j.classes)))
	j.bins.put(&n)
	n.putUint(uint64(len(j.confusion)))
	n.putUint(j.confusion...)
	return n.b, nil
}

// UnmarshalBinary implements Lasting.
func (j *classJudge) UnmarshalBinary(kept []byte) error {
	n := numbers{b: kept}
	if n.uint() != uint64(len(j.classes)) {
		return errState
	}
	var bins calibration
	bins.get(&n)
	var confusion []uint64
	switch cells := n.uint(); {
	case cells == uint64(len(j.classes))*uint64(len(j.classes)) && len(j.classes) <= maxConfusionClasses:
		confusion = make([]uint64, cells)
		for i := range confusion {
			confusion[i] = n.uint()
		}
	case cells > 0:
		return errState
	}
	if err := n.done(); err != nil {
		return err
	}
	j.bins, j.confusion = bins, confusion
	return nil
}

// AppendBinary implements Lasting.
func (j *labelsJudge) AppendBinary(dst []byte) ([]byte, error) {
	n := numbers{b: dst}
	n.putUint(uint64(len(j.classes)), j.rows)
	j.bins.put(&n)
	for _, c := range j.counts {
		n.putUint(c.TruePositive, c.FalsePositive, c.FalseNegative, c.TrueNegative)
	}
	return n.b, nil
}

// UnmarshalBinary implements Lasting.
func (j *labelsJudge) UnmarshalBinary(kept []byte) error {
	n := numbers{b: kept}
	if n.uint() != uint64(len(j.classes)) {
		return errState
	}
	rows := n.uint()
	var bins calibration
	bins.get(&n)
	counts := make([]LabelCounts, len(j.counts))
	for i := range counts {
		counts[i] = LabelCounts{
			Label: j.classes[i], TruePositive: n.uint(), FalsePositive: n.uint(), FalseNegative: n.uint(), TrueNegative: n.uint(),
		}
	}
	if err := n.done(); err != nil {
		return err
	}
	j.rows, j.bins, j.counts = rows, bins, counts
	return nil
}

// AppendBinary implements Lasting.
func (j *valuesJudge) AppendBinary(dst []byte) ([]byte, error) {
	n := numbers{b: dst}
	n.putUint(uint64(len(j.sums)), j.rows)
	for _, s := range j.sums {
		n.putFloat(s.absolute, s.squared)
	}
	return n.b, nil
}

// UnmarshalBinary implements Lasting.
func (j *valuesJudge) UnmarshalBinary(kept []byte) error {
	n := numbers{b: kept}
	if n.uint() != uint64(len(j.sums)) {
		return errState
	}
	rows := n.uint()
	sums := make([]valueSums, len(j.sums))
	for i := range sums {
		sums[i] = valueSums{absolute: n.float(), squared: n.float()}
	}
	if err := n.done(); err != nil {
		return err
	}
	j.rows, j.sums = rows, sums
	return nil
}
