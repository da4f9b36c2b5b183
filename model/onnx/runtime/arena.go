//go:build linux

package main

import (
	"syscall"
	"unsafe"
)

// arena is memory for what is handed to C. Go's own will not do: a stack may move
// during a call, and what only C knows of is collected.
type arena struct {
	free []byte
}

const (
	arenaBytes = 1 << 20
	alignment  = 64
)

// take returns n bytes of zeros, which stay where they are for ever.
func (a *arena) take(n int) []byte {
	n = (n + alignment - 1) / alignment * alignment
	if n > len(a.free) {
		memory, err := syscall.Mmap(-1, 0, max(n, arenaBytes), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		if err != nil {
			panic(err) // there is no memory
		}
		a.free = memory
	}
	taken := a.free[:n:n]
	a.free = a.free[n:]
	return taken
}

// text is a C string.
func (a *arena) text(s string) uintptr {
	b := a.take(len(s) + 1)
	copy(b, s)
	return address(b)
}

// words are n machine words, such as pointers or dimensions.
func (a *arena) words(n int) []uintptr {
	b := a.take(max(n, 1) * 8)
	return unsafe.Slice((*uintptr)(unsafe.Pointer(&b[0])), max(n, 1))
}

// shape is an array of int64.
func (a *arena) shape(dimensions ...int64) uintptr {
	w := a.words(len(dimensions))
	for i, d := range dimensions {
		w[i] = uintptr(d)
	}
	return at(w)
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

func at(w []uintptr) uintptr { return uintptr(unsafe.Pointer(&w[0])) }

// memoryAt is C's memory at an address.
func memoryAt(p uintptr, n int) []byte {
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&p))), n)
}

// textAt is a C string.
func textAt(p uintptr) string {
	if p == 0 {
		return ""
	}
	n := 0
	for memoryAt(p, n+1)[n] != 0 {
		n++
	}
	return string(memoryAt(p, n))
}

// cells are C's memory as numbers of some type.
func cells[T any](p uintptr, n int) []T {
	return unsafe.Slice((*T)(*(*unsafe.Pointer)(unsafe.Pointer(&p))), n)
}
