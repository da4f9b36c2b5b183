package protocol

import (
	"math"
	"strconv"
)

// Sets are the answers that are likely enough to hold the truth, for the rows of a
// request: of classes the members of a set, of numbers an interval. The truth is among
// them at least 1 − Alpha of the time.
type Sets struct {
	// Alpha is how often the truth may be missed: between 0 and 1.
	Alpha float64
	// Members are the classes of all rows' sets, by their index, and Ends where each
	// row's end among them. Of class alone.
	Members []uint16
	Ends    []int32
	// Radius is half of the intervals' width; NaN while there are too few labels for
	// intervals. Of values alone.
	Radius float32
}

// row returns the members of a row's set.
func (s *Sets) row(row int) []uint16 {
	start := int32(0)
	if row > 0 {
		start = s.Ends[row-1]
	}
	return s.Members[start:s.Ends[row]]
}

// SetFormat is a Format of answers that sets are made of. Where the first output's is
// none, whoever asks for a set gets a reply without.
type SetFormat interface {
	Format
	// SetKey is the member of the reply that has the set.
	SetKey() string
	// AppendSet appends the JSON of a row's set. Values are the row's, as for
	// AppendPrediction.
	AppendSet(dst []byte, values []float32, s *Sets, row int) []byte
	// LongestSet is how many bytes AppendSet appends at most.
	LongestSet() int
}

// appendSets appends the sets and their alpha, where the first output has some.
func (f *ReplyFormat) appendSets(dst []byte, p *Prediction) []byte {
	format, ok := f.outputs[0].Format.(SetFormat)
	if !ok {
		return dst
	}
	dst = append(append(append(dst, `,"`...), format.SetKey()...), `":`...)
	dst = p.appendRows(dst, func(dst []byte, row int) []byte {
		values, _ := p.First.row(row)
		return format.AppendSet(dst, values, p.Sets, row)
	})
	return appendAlpha(append(dst, `,"alpha":`...), p.Sets.Alpha)
}

// longestAlpha is of what appendAlpha appends: 17 digits after 0.00000, or with an
// exponent.
const longestAlpha = 24

// appendAlpha appends the shortest decimal that reads back as alpha.
func appendAlpha(dst []byte, alpha float64) []byte {
	format := byte('f')
	if alpha < 1e-6 {
		format = 'e'
	}
	return strconv.AppendFloat(dst, alpha, format, -1, 64)
}

// maxSets returns how many bytes sets take at most: those that come once, and those of
// each row.
func (o *output) maxSets() (fixed, row int) {
	format, ok := o.Format.(SetFormat)
	if !ok {
		return 0, 0
	}
	return len(`,"":,"alpha":`) + len(format.SetKey()) + longestAlpha, format.LongestSet() + 1
}

// SetKey implements SetFormat.
func (f *classFormat) SetKey() string { return "set" }

// AppendSet implements SetFormat.
func (f *classFormat) AppendSet(dst []byte, _ []float32, s *Sets, row int) []byte {
	dst = append(dst, '[')
	for i, class := range s.row(row) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f.labels[class]...)
	}
	return append(dst, ']')
}

// LongestSet implements SetFormat: a set may have all classes.
func (f *classFormat) LongestSet() int {
	n := len(f.labels)
	return len("[]") + f.longest[n] + n
}

// SetKey implements SetFormat.
func (f valuesFormat) SetKey() string { return "interval" }

// AppendSet implements SetFormat.
func (f valuesFormat) AppendSet(dst []byte, values []float32, s *Sets, _ int) []byte {
	switch {
	case s.Radius != s.Radius:
		return append(dst, "null"...)
	case f.width == 1:
		return appendInterval(dst, values[0], s.Radius)
	}
	dst = append(dst, '[')
	for i, value := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendInterval(dst, value, s.Radius)
	}
	return append(dst, ']')
}

// LongestSet implements SetFormat.
func (f valuesFormat) LongestSet() int {
	longest := longestFloats(2)
	if f.width == 1 {
		return longest
	}
	return len("[]") + f.width*(longest+1)
}

// appendInterval appends the numbers that are at most radius from value. An end beyond
// float32 is its largest: no label lies further out.
func appendInterval(dst []byte, value, radius float32) []byte {
	low, high := float64(value)-float64(radius), float64(value)+float64(radius)
	dst = append(dst, '[')
	dst = appendFloat(dst, float32(max(low, -math.MaxFloat32)))
	dst = append(dst, ',')
	dst = appendFloat(dst, float32(min(high, math.MaxFloat32)))
	return append(dst, ']')
}
