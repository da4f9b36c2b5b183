package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxRank is as many dimensions as a tensor may have.
const maxRank = 16

// Tensor is an initialiser or a constant: a part of the file that is decoded when it
// is asked for.
type Tensor struct {
	Name  string
	Elem  ElemType
	Shape []int

	raw      []byte // little-endian, or nil
	message  []byte // where there is no raw: the fields that hold the elements
	external string // the file that holds the elements

	// numbers is what constants that were worked out hold.
	numbers []float64
}

func readTensor(message []byte) (*Tensor, error) {
	t := &Tensor{message: message}
	external := false
	var dims []int64
	err := fields(message, func(f field) (err error) {
		switch f.number {
		case 1:
			if dims, err = f.varints(dims); err == nil && len(dims) > maxRank {
				err = fmt.Errorf("has a tensor of more than %d dimensions", maxRank)
			}
		case 2:
			t.Elem = ElemType(f.bits)
		case 3:
			return errors.New("has a tensor in segments, which no exporter writes")
		case 8:
			t.Name = string(f.bytes)
		case 9:
			t.raw = f.bytes
		case 13:
			key, value, err := readPair(f.bytes)
			if key == "location" {
				t.external = value
			}
			return err
		case 14:
			external = f.bits == 1
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if external == (t.external == "") {
		return nil, fmt.Errorf("has a tensor %q that lies in a file, and does not say in which", t.Name)
	}
	return t, t.setShape(dims)
}

func (t *Tensor) setShape(dims []int64) error {
	count := int64(1)
	for _, d := range dims {
		if d < 0 || d > math.MaxInt32 || d > 0 && count > math.MaxInt32/d {
			return fmt.Errorf("has a tensor %q of shape %d, which is too large or none", t.Name, dims)
		}
		count *= d
		t.Shape = append(t.Shape, int(d))
	}
	return nil
}

// Len is how many elements the shape has.
func (t *Tensor) Len() int {
	count := 1
	for _, d := range t.Shape {
		count *= d
	}
	return count
}

var elemSizes = map[ElemType]int{Float: 4, Double: 8, Int32: 4, Int64: 8, Uint8: 1, Int8: 1, Bool: 1, Uint16: 2, Int16: 2, Uint32: 4, Uint64: 8}

// Floats decodes numbers as float32.
func (t *Tensor) Floats() ([]float32, error) {
	if t.Elem == Float && t.numbers == nil {
		return decode(t, 4, func(raw []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(raw)) },
			func(all []float32, f field) ([]float32, error) {
				if f.number != 4 {
					return all, nil
				}
				return f.floats(all)
			})
	}
	wide, err := t.Numbers()
	if err != nil {
		return nil, err
	}
	all := make([]float32, len(wide))
	for i, x := range wide {
		all[i] = float32(x)
	}
	return all, nil
}

// Numbers decodes numbers of any type as float64. Whole ones beyond 2⁵³ are rounded.
func (t *Tensor) Numbers() ([]float64, error) {
	size, known := elemSizes[t.Elem]
	switch {
	case t.numbers != nil:
		return t.numbers, nil
	case !known:
		return nil, fmt.Errorf("has a tensor %q of %v; numbers are read here", t.Name, t.Elem)
	}
	return decode(t, size, t.Elem.number, func(all []float64, f field) ([]float64, error) {
		switch {
		case f.number == 4 && t.Elem == Float:
			narrow, err := f.floats(nil)
			for _, x := range narrow {
				all = append(all, float64(x))
			}
			return all, err
		case f.number == 10 && t.Elem == Double:
			return f.doubles(all)
		case f.number == 5 && t.Elem.whole(), f.number == 7 && t.Elem == Int64, f.number == 11 && t.Elem.whole():
			whole, err := f.varints(nil)
			for _, x := range whole {
				all = append(all, float64(x))
			}
			return all, err
		}
		return all, nil
	})
}

// number reads one element of raw data.
func (e ElemType) number(raw []byte) float64 {
	switch e {
	case Float:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	case Double:
		return math.Float64frombits(binary.LittleEndian.Uint64(raw))
	case Int32:
		return float64(int32(binary.LittleEndian.Uint32(raw)))
	case Uint32:
		return float64(binary.LittleEndian.Uint32(raw))
	case Int64:
		return float64(int64(binary.LittleEndian.Uint64(raw)))
	case Uint64:
		return float64(binary.LittleEndian.Uint64(raw))
	case Int16:
		return float64(int16(binary.LittleEndian.Uint16(raw)))
	case Uint16:
		return float64(binary.LittleEndian.Uint16(raw))
	case Int8:
		return float64(int8(raw[0]))
	}
	return float64(raw[0])
}

// decode reads elements of raw data, or of the typed fields.
func decode[T any](t *Tensor, size int, one func([]byte) T, typed func([]T, field) ([]T, error)) (all []T, err error) {
	if t.external != "" {
		return nil, fmt.Errorf("has the tensor %q in the file %q; export with the weights inside to have it read here", t.Name, t.external)
	}
	if t.raw != nil {
		if len(t.raw) != t.Len()*size {
			return nil, fmt.Errorf("has a tensor %q of %d bytes; its shape %d of %v needs %d", t.Name, len(t.raw), t.Shape, t.Elem, t.Len()*size)
		}
		all = make([]T, t.Len())
		for i := range all {
			all[i] = one(t.raw[i*size:])
		}
		return all, nil
	}
	all = []T{} // never nil, even without elements
	if err := fields(t.message, func(f field) (err error) { all, err = typed(all, f); return err }); err != nil {
		return nil, err
	}
	if len(all) != t.Len() {
		return nil, fmt.Errorf("has a tensor %q of %d elements; its shape %d needs %d", t.Name, len(all), t.Shape, t.Len())
	}
	return all, nil
}

// Texts decodes strings.
func (t *Tensor) Texts() ([]string, error) {
	if t.Elem != String {
		return nil, fmt.Errorf("has a tensor %q of %v where strings were expected", t.Name, t.Elem)
	}
	return decode(t, 0, func([]byte) string { return "" }, func(all []string, f field) ([]string, error) {
		if f.number == 6 && f.kind == protowire.BytesType {
			all = append(all, string(f.bytes))
		}
		return all, nil
	})
}
