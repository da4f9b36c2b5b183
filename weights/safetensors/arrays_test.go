package safetensors_test

import (
	"errors"
	"testing"

	"penstock/weights"
	"penstock/weights/safetensors"
	"penstock/weights/weightstest"
)

const kinds = `{"__metadata__":{"a":"b"},"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"i":{"dtype":"I32","shape":[2],"data_offsets":[8,16]},
"u":{"dtype":"U8","shape":[3],"data_offsets":[16,19]},"bad":{"dtype":"I32","shape":[1,1],"data_offsets":[19,23]}}`

var kindsData = []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 7, 8, 9, 0, 0, 0, 0}

func TestArrays(t *testing.T) {
	arrays, metadata, err := safetensors.Arrays(weightstest.Framed(kinds, kindsData))
	if err != nil {
		t.Fatal(err)
	}
	if metadata["a"] != "b" {
		t.Errorf("metadata %v", metadata)
	}
	if d, err := arrays["d"].Float64s(); err != nil || d.Len() != 1 || d.At(0) != 1.5 {
		t.Errorf("d = %v, error %v", d, err)
	}
	if i, err := arrays["i"].Int32s(); err != nil || i.Len() != 2 || i.At(0) != 1 || i.At(1) != -2 {
		t.Errorf("i = %v, error %v", i, err)
	}
	if u, err := arrays["u"].Bytes(); err != nil || string(u) != "\x07\x08\x09" {
		t.Errorf("u = %v, error %v", u, err)
	}
	_, err = arrays["i"].Float64s()
	weightstest.WantError(t, err, "array i", "expected one dimension of F64")
	_, err = arrays["bad"].Int32s()
	weightstest.WantError(t, err, "array bad", "shape [1 1]")
}

func TestArraysRefuses(t *testing.T) {
	for _, c := range tensorCases {
		if c.says == "" {
			if _, _, err := safetensors.Arrays(c.file); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
	_, _, err := safetensors.Arrays([]byte{1, 2, 3})
	weightstest.WantError(t, err, "header", "too short")
	_, _, err = safetensors.Arrays(weightstest.Framed(kinds, kindsData)[:50])
	weightstest.WantError(t, err, "header", "truncated")
	_, _, err = safetensors.Arrays(weightstest.Framed(kinds, kindsData[:20]))
	weightstest.WantError(t, err, `tensor "bad"`, "within the 20 bytes")
}

// Whatever the bytes, arrays are parts of the file that fill their shapes.
func FuzzArrays(f *testing.F) {
	f.Add(weightstest.Framed(kinds, kindsData))
	f.Fuzz(func(t *testing.T, file []byte) {
		arrays, _, err := safetensors.Arrays(file)
		if err != nil {
			if _, ok := errors.AsType[*weights.BundleError](err); !ok {
				t.Fatalf("error of type %T: %v", err, err)
			}
			return
		}
		total := 0
		for _, a := range arrays {
			total += len(a.Data)
			if v, err := a.Int32s(); err == nil {
				for i := range v.Len() {
					v.At(i)
				}
			}
			if v, err := a.Float64s(); err == nil {
				for i := range v.Len() {
					v.At(i)
				}
			}
			_, _ = a.Bytes()
		}
		if total > len(file) {
			t.Errorf("%d bytes of arrays in a file of %d", total, len(file))
		}
	})
}
