package main

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"unsafe"
)

// memory hands out pieces that neither move nor are freed. A goroutine's stack
// moves while foreign code runs, and the collector frees what only a foreign
// function still knows: the library is given no other memory than this.
type memory struct {
	free []byte
}

// take returns n zero bytes, aligned to 64.
func (m *memory) take(n int) (uintptr, error) {
	n = (n + 63) &^ 63
	if n > len(m.free) {
		piece, err := syscall.Mmap(-1, 0, max(n, 1<<16), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		if err != nil {
			return 0, fmt.Errorf("%d bytes of memory: %w", n, err)
		}
		m.free = piece
	}
	p := uintptr(unsafe.Pointer(unsafe.SliceData(m.free)))
	m.free = m.free[n:]
	return p, nil
}

// text returns a copy of s that ends with a zero, as C wants it.
func (m *memory) text(s string) (uintptr, error) {
	p, err := m.take(len(s) + 1)
	if err == nil {
		copy(bytesAt(p, len(s)), s)
	}
	return p, err
}

// words returns a copy of 64-bit values.
func (m *memory) words(values ...int64) (uintptr, error) {
	p, err := m.take(8 * max(len(values), 1))
	if err == nil {
		for i, v := range values {
			binary.NativeEndian.PutUint64(bytesAt(p+uintptr(8*i), 8), uint64(v))
		}
	}
	return p, err
}

// pointer makes a pointer of an address outside of Go's heap.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

func bytesAt(p uintptr, n int) []byte { return unsafe.Slice((*byte)(pointer(p)), n) }

func sliceAt[T any](p uintptr, n int) []T { return unsafe.Slice((*T)(pointer(p)), n) }

func word(p uintptr) uintptr { return *(*uintptr)(pointer(p)) }

// textAt reads a text that ends with a zero.
func textAt(p uintptr) string {
	if p == 0 {
		return ""
	}
	n := 0
	for *(*byte)(pointer(p + uintptr(n))) != 0 {
		n++
	}
	return string(bytesAt(p, n))
}
