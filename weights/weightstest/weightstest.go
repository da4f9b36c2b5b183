// Package weightstest has what tests of bundles and of engines share.
package weightstest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"penstock/weights"
	"penstock/weights/safetensors"
)

// Safetensors writes float32 tensors in the order of their names.
func Safetensors(tensors map[string]safetensors.Tensor) []byte {
	var head []string
	var data []byte
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		t, begin := tensors[name], len(data)
		for _, x := range t.Values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		shape := strings.ReplaceAll(fmt.Sprint(t.Shape), " ", ",")
		head = append(head, fmt.Sprintf(`%q:{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, name, shape, begin, len(data)))
	}
	return Framed("{"+strings.Join(head, ",")+"}", data)
}

// Framed puts a header before data, as a safetensors file has it.
func Framed(header string, data []byte) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), data...)
}

// SumOf is the SHA-256 that a manifest gives of data.
func SumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// WantError checks that err is a *weights.BundleError about a field, with a text.
func WantError(t *testing.T, err error, field, says string) {
	t.Helper()
	var e *weights.BundleError
	if !errors.As(err, &e) {
		t.Fatalf("error %v; want a *BundleError", err)
	}
	if e.Field != field || !strings.Contains(err.Error(), says) {
		t.Errorf("error %q (field %q); want field %q and a text with %q", err, e.Field, field, says)
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
		t.Errorf("error %q has control characters", err)
	}
}
