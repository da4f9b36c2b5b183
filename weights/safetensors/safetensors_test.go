package safetensors_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"penstock/weights"
	"penstock/weights/safetensors"
	"penstock/weights/weightstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// part1 is a header's entry for one F32 tensor of the given shape and place.
func part1(shape string, begin, end int64) string {
	return fmt.Sprintf(`{"t":{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}}`, shape, begin, end)
}

func threeTensors() []byte {
	return weightstest.Safetensors(map[string]safetensors.Tensor{
		"0.weight": {Shape: []int{2, 3}, Values: []float32{1, 0, 1, 0, 0, 1}},
		"0.bias":   {Shape: []int{2}, Values: []float32{0.5, 0}},
		"2.weight": {Shape: []int{2, 2}, Values: []float32{0, 7, 2 * float32(math.Log(3)), -7}},
	})
}

// tensorCases are good and bad files, and the fuzz target's seeds.
var tensorCases = []struct {
	name  string
	file  []byte
	field string
	says  string // empty: the file is good
}{
	{name: "three tensors", file: threeTensors()},
	{name: "no tensors", file: weightstest.Framed(`{}`, nil)},
	{name: "padded header", file: weightstest.Framed(part1(`[1]`, 0, 4)+"   ", make([]byte, 4))},
	{name: "metadata", file: weightstest.Framed(`{"__metadata__":{"format":"pt"}}`, nil)},
	{name: "scalar", file: weightstest.Framed(part1(`[]`, 0, 4), make([]byte, 4))},
	{name: "half precision", file: weightstest.Framed(`{"t":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, []byte{0, 0x3c, 0, 0xc0})},
	{name: "not in the order of names", file: weightstest.Framed(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, make([]byte, 8))},

	{name: "empty", field: "header", says: "too short"},
	{name: "length only in part", file: []byte{1, 2, 3}, field: "header", says: "too short"},
	{name: "header longer than the file", file: weightstest.Framed(part1(`[1]`, 0, 4), nil)[:30], field: "header", says: "truncated"},
	{name: "header of 2^64-1 bytes", file: bytes.Repeat([]byte{0xff}, 64), field: "header", says: "claims 18446744073709551615 bytes"},
	{name: "header of a gigabyte", file: append([]byte{0, 0, 0, 0x40, 0, 0, 0, 0}, make([]byte, 64)...), field: "header", says: "claims 1073741824 bytes"},
	{name: "header over the limit", file: weightstest.Framed(strings.Repeat(" ", safetensors.MaxHeader+1), nil), field: "header", says: "at most 1048576"},
	{name: "header is not JSON", file: weightstest.Framed(`nonsense`, nil), field: "header", says: "not valid JSON"},
	{name: "data cut off", file: weightstest.Framed(part1(`[4]`, 0, 16), make([]byte, 15)), field: `tensor "t"`, says: "within the 15 bytes"},
	{name: "bytes left over", file: weightstest.Framed(part1(`[4]`, 0, 16), make([]byte, 17)), field: "header", says: "left over"},
	{name: "same tensor twice", file: weightstest.Framed(`{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, make([]byte, 4)), field: "header", says: "twice"},
	{name: "unknown field", file: weightstest.Framed(`{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, make([]byte, 4)), field: `tensor "t"`, says: `"x"`},
	{name: "dtype not supported", file: weightstest.Framed(`{"t":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`, make([]byte, 4)), field: `tensor "t"`, says: `"BF16"`},
	{name: "absurd shape", file: weightstest.Framed(part1(`[1000000000000,1000000000000]`, 0, 4), make([]byte, 4)), field: `tensor "t"`, says: "has shape"},
	{name: "shape whose product overflows", file: weightstest.Framed(part1(`[4294967296,4294967296,4294967296]`, 0, 0), nil), field: `tensor "t"`, says: "has shape"},
	{name: "negative size", file: weightstest.Framed(part1(`[-1,-4]`, 0, 16), make([]byte, 16)), field: `tensor "t"`, says: "has shape"},
	{name: "size zero", file: weightstest.Framed(part1(`[0]`, 0, 0), nil), field: `tensor "t"`, says: "has shape"},
	{name: "size null", file: weightstest.Framed(part1(`[null]`, 0, 4), make([]byte, 4)), field: `tensor "t".shape`, says: "null"},
	{name: "shape and place disagree", file: weightstest.Framed(part1(`[2]`, 0, 4), make([]byte, 8)), field: `tensor "t"`, says: "8 bytes apart"},
	{name: "place before the data", file: weightstest.Framed(part1(`[2]`, -8, 0), make([]byte, 8)), field: `tensor "t"`, says: "data_offsets"},
	{name: "place wraps around", file: weightstest.Framed(part1(`[1]`, math.MaxInt64, math.MinInt64), make([]byte, 8)), field: `tensor "t"`, says: "data_offsets"},
	{name: "three offsets", file: weightstest.Framed(`{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,2,4]}}`, make([]byte, 4)), field: `tensor "t"`, says: "needs two"},
	{name: "gap before the first", file: weightstest.Framed(part1(`[1]`, 4, 8), make([]byte, 8)), field: `tensor "t"`, says: "gaps"},
	{name: "overlap", file: weightstest.Framed(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, make([]byte, 8)), field: `tensor "b"`, says: "overlap"},
	{name: "NaN", file: weightstest.Framed(part1(`[1]`, 0, 4), []byte{0, 0, 0xc0, 0x7f}), field: `tensor "t"`, says: "NaN"},
	{name: "infinity in half precision", file: weightstest.Framed(`{"t":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, []byte{0, 0x7c}), field: `tensor "t"`, says: "infinite"},
}

func all(string) bool { return true }

func TestReadTensors(t *testing.T) {
	for _, c := range tensorCases {
		t.Run(c.name, func(t *testing.T) {
			_, err := safetensors.Read(bytes.NewReader(c.file), int64(len(c.file)), all)
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			weightstest.WantError(t, err, c.field, c.says)
		})
	}
}

// Tensors that nothing names may have any type and hold anything; what they say
// of their place must be right all the same.
func TestReadTensorsLeavesOthersAlone(t *testing.T) {
	const wanted = `"w":{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}`
	nan := []byte{0, 0, 0xc0, 0x7f}
	for _, c := range []struct {
		name, other string
		data        []byte
		at          int
		says        string
	}{
		{"counter of a batch norm", `{"dtype":"I64","shape":[],"data_offsets":[0,8]}`, make([]byte, 8), 8, ""},
		{"bfloat16", `{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}`, make([]byte, 4), 4, ""},
		{"type of the future", `{"dtype":"F4","shape":[3],"data_offsets":[0,2]}`, make([]byte, 2), 2, ""},
		{"empty", `{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, nil, 0, ""},
		{"not a number", `{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`, nan, 4, ""},
		{"place beyond the data", `{"dtype":"I64","shape":[],"data_offsets":[0,80]}`, make([]byte, 8), 8, "within the 12 bytes"},
		{"end before the begin", `{"dtype":"I64","shape":[],"data_offsets":[8,0]}`, make([]byte, 8), 8, "within the 12 bytes"},
		{"gap", `{"dtype":"I64","shape":[],"data_offsets":[0,4]}`, make([]byte, 8), 8, "gaps"},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := fmt.Sprintf(`{"other":%s,`+wanted+`}`, c.other, c.at, c.at+4)
			file := weightstest.Framed(header, append(c.data, 0, 0, 0x80, 0x3f))
			got, err := safetensors.Read(bytes.NewReader(file), int64(len(file)), func(name string) bool { return name == "w" })
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("error %v; want a text with %q", err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if w := got["w"].Values; len(w) != 1 || w[0] != 1 || got["other"].Values != nil {
				t.Errorf("read %v; want w to be 1 and the other left alone", got)
			}
		})
	}
}

func TestReadTensorsValues(t *testing.T) {
	file := threeTensors()
	got, err := safetensors.Read(bytes.NewReader(file), int64(len(file)), all)
	if err != nil {
		t.Fatal(err)
	}
	if w := got["0.weight"]; fmt.Sprint(w) != "{[2 3] [1 0 1 0 0 1]}" {
		t.Errorf("0.weight = %v", w)
	}
	if b := got["0.bias"]; fmt.Sprint(b) != "{[2] [0.5 0]}" {
		t.Errorf("0.bias = %v", b)
	}
}

// A file that ends before the size that the file system gave.
func TestReadTensorsShrunk(t *testing.T) {
	file := threeTensors()
	for _, n := range []int{4, 20, len(file) - 1} {
		if _, err := safetensors.Read(bytes.NewReader(file[:n]), int64(len(file)), all); err == nil || !strings.Contains(err.Error(), "EOF") {
			t.Errorf("after %d bytes: error %v; want an unexpected EOF", n, err)
		}
	}
}

// Reading takes no more memory than the file has bytes, plus what its header
// and the read buffer take; whatever the header claims.
func TestReadTensorsMemory(t *testing.T) {
	const values = 1 << 20
	cases := map[string][]byte{
		"four megabytes": weightstest.Framed(part1(fmt.Sprintf("[%d]", values), 0, 4*values), make([]byte, 4*values)),
		"claims more":    weightstest.Framed(part1(`[1099511627776]`, 0, 4<<40), make([]byte, 1000)),
	}
	for _, c := range tensorCases {
		if len(c.file) < safetensors.MaxHeader {
			cases[c.name] = c.file
		}
	}
	for name, file := range cases {
		const slack = 160 << 10 // the 64 KiB buffer, a small header's JSON, the tests' own
		if got := allocated(func() { _, _ = safetensors.Read(bytes.NewReader(file), int64(len(file)), all) }); got > uint64(len(file))+slack {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, got, len(file))
		}
	}
}

// allocated returns the bytes that f allocates, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Whatever the bytes, reading ends in a typed error or in finite tensors that
// fill their shapes.
func FuzzTensors(f *testing.F) {
	for _, c := range tensorCases {
		if len(c.file) < safetensors.MaxHeader {
			f.Add(c.file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		tensors, err := safetensors.Read(bytes.NewReader(file), int64(len(file)), all)
		if err != nil {
			if _, ok := errors.AsType[*weights.BundleError](err); !ok {
				t.Fatalf("error of type %T: %v", err, err)
			}
			return
		}
		total := 0
		for name, tensor := range tensors {
			count := 1
			for _, d := range tensor.Shape {
				count *= d
			}
			if count != len(tensor.Values) {
				t.Errorf("tensor %q: shape %v has %d values", name, tensor.Shape, len(tensor.Values))
			}
			for _, x := range tensor.Values {
				if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
					t.Errorf("tensor %q holds %v", name, x)
				}
			}
			total += count
		}
		if 2*total > len(file) {
			t.Errorf("%d values from a file of %d bytes", total, len(file))
		}
	})
}
