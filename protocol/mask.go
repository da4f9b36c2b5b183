package protocol

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// Unmask undoes in place what a client's frame was masked with, its key read as
// a little-endian number (RFC 6455, section 5.3). A key of zero changes nothing.
func Unmask(b []byte, key uint32) {
	k := uint64(key)<<32 | uint64(key)
	for len(b) >= 32 {
		w := (*[32]byte)(b)
		binary.LittleEndian.PutUint64(w[0:], binary.LittleEndian.Uint64(w[0:])^k)
		binary.LittleEndian.PutUint64(w[8:], binary.LittleEndian.Uint64(w[8:])^k)
		binary.LittleEndian.PutUint64(w[16:], binary.LittleEndian.Uint64(w[16:])^k)
		binary.LittleEndian.PutUint64(w[24:], binary.LittleEndian.Uint64(w[24:])^k)
		b = b[32:]
	}
	for len(b) >= 4 {
		binary.LittleEndian.PutUint32(b, binary.LittleEndian.Uint32(b)^key)
		b = b[4:]
	}
	for i := range b {
		b[i] ^= byte(key >> (8 * i))
	}
}

// readFloats reads little-endian float32 values that are masked with key, as
// many as dst has, in one pass over them. It reports whether all are finite.
func readFloats(dst []float32, masked []byte, key uint32) (finite bool) {
	masked = masked[:4*len(dst)]
	finite = true
	if whole := len(dst) &^ (floatsAtOnce - 1); vectors && whole > 0 {
		finite = readVectors(unsafe.SliceData(dst), unsafe.SliceData(masked), whole, key)
		dst, masked = dst[whole:], masked[4*whole:]
	}
	for i := range dst {
		bits := binary.LittleEndian.Uint32(masked[4*i:]) ^ key
		dst[i] = math.Float32frombits(bits)
		// NaN and infinity have an exponent of all ones.
		finite = finite && bits&0x7f800000 != 0x7f800000
	}
	return finite
}

// readBytes reads bytes that are masked with key, as many as dst has, and
// multiplies each with scale.
func readBytes(dst []float32, masked []byte, key uint32, scale float32) {
	masked = masked[:len(dst)]
	for len(dst) >= 4 && len(masked) >= 4 {
		d, b := (*[4]float32)(dst), binary.LittleEndian.Uint32(masked)^key
		d[0] = float32(byte(b)) * scale
		d[1] = float32(byte(b>>8)) * scale
		d[2] = float32(byte(b>>16)) * scale
		d[3] = float32(byte(b>>24)) * scale
		dst, masked = dst[4:], masked[4:]
	}
	for i := range dst {
		dst[i] = float32(masked[i]^byte(key>>(8*i))) * scale
	}
}

// floatsAtOnce is how many values readVectors reads at a time, a power of two.
const floatsAtOnce = 32
