package catboost

import (
	"encoding/binary"
	"math/bits"
)

// The constants of CityHash 1.0.
const (
	k0   = 0xc3a5c85c97cb3127
	k1   = 0xb492b66fbe98f273
	k2   = 0x9ae16a3b2f90404f
	k3   = 0xc949d7c7509e6557
	kMul = 0x9ddfea08eb382d69
)

// hash is CityHash64 in version 1.0 (Geoff Pike and Jyrki Alakuijala, 2011), of which
// CatBoost takes the lower half for a category.
func hash(s []byte) uint64 {
	switch n := len(s); {
	case n <= 16:
		return hash16(s)
	case n <= 32:
		return hash32(s)
	case n <= 64:
		return hash64(s)
	}
	n := uint64(len(s))
	end := s[len(s)-64:]
	x, y, z := at(s, 0), at(end, 48)^k1, at(end, 8)^k0
	v0, v1 := weak(end, n, y)
	w0, w1 := weak(end[32:], n*k1, k0)
	z += shift(v1) * k1
	x = rotate(z+x, 39) * k1
	y = rotate(y, 33) * k1
	for range (n - 1) / 64 {
		x = rotate(x+y+v0+at(s, 16), 37) * k1
		y = rotate(y+v1+at(s, 48), 42) * k1
		x ^= w1
		y ^= v0
		z = rotate(z^w0, 33)
		v0, v1 = weak(s, v1*k1, x+w0)
		w0, w1 = weak(s[32:], z+w1, y)
		z, x = x, z
		s = s[64:]
	}
	return pair(pair(v0, w0)+shift(y)*k1+z, pair(v1, w1)+x)
}

func at(s []byte, i int) uint64 { return binary.LittleEndian.Uint64(s[i:]) }

func rotate(x uint64, by int) uint64 { return bits.RotateLeft64(x, -by) }

func shift(x uint64) uint64 { return x ^ x>>47 }

// pair is the hash of 128 bits.
func pair(low, high uint64) uint64 {
	return shift((high^shift((low^high)*kMul))*kMul) * kMul
}

func hash16(s []byte) uint64 {
	n := uint64(len(s))
	switch {
	case n > 8:
		a, b := at(s, 0), at(s, len(s)-8)
		return pair(a, rotate(b+n, int(n))) ^ b
	case n >= 4:
		a, b := binary.LittleEndian.Uint32(s), binary.LittleEndian.Uint32(s[n-4:])
		return pair(n+uint64(a)<<3, uint64(b))
	case n > 0:
		y := uint64(s[0]) + uint64(s[n>>1])<<8
		z := n + uint64(s[n-1])<<2
		return shift(y*k2^z*k3) * k2
	}
	return k2
}

func hash32(s []byte) uint64 {
	n := uint64(len(s))
	a, b, c, d := at(s, 0)*k1, at(s, 8), at(s, len(s)-8)*k2, at(s, len(s)-16)*k0
	return pair(rotate(a-b, 43)+rotate(c, 30)+d, a+rotate(b^k3, 20)-c+n)
}

func hash64(s []byte) uint64 {
	n, end := uint64(len(s)), s[len(s)-32:]
	vf, vs := half(at(s, 0)+(n+at(end, 16))*k0, at(s, 24), at(s, 8), at(s, 16))
	wf, ws := half(at(s, 16)+at(end, 0), at(end, 24), at(end, 8), at(end, 16))
	r := shift((vf+ws)*k2 + (wf+vs)*k0)
	return shift(r*k0+vs) * k2
}

func half(a, z, second, third uint64) (first, other uint64) {
	b, c := rotate(a+z, 52), rotate(a, 37)
	a += second
	c += rotate(a, 7)
	a += third
	return a + z, b + rotate(a, 31) + c
}

// weak is a hash of 32 bytes with two seeds.
func weak(s []byte, a, b uint64) (first, second uint64) {
	w, x, y, z := at(s, 0), at(s, 8), at(s, 16), at(s, 24)
	a += w
	b = rotate(b+a+z, 21)
	c := a
	a += x + y
	b += rotate(a, 44)
	return a + z, b + c
}
