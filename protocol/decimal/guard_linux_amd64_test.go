//go:build !purego

package decimal

import (
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns a page of memory between two that must not be touched. It is
// gone at the end of the test.
func guarded(t *testing.T) []byte {
	t.Helper()
	page := syscall.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	inside := memory[page : 2*page]
	if err := syscall.Mprotect(inside, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	return inside
}

// Run reads and writes nothing outside of its slices: that would fault here.
func TestRunStaysWithinItsSlices(t *testing.T) {
	const (
		fourteen = "0.123456789012,"
		longest  = "-1234567890.1234567890, "
		// farthest is a window in which the last number is read as far as can be.
		farthest = "0.1234567890123," + fourteen + fourteen + "-0.12345678901234," + fourteen + "1"
		before   = "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1," // is one window's work
	)
	source, target := guarded(t), guarded(t)
	for _, number := range []string{"1,", "0.25,", "-0.1234567,", longest, farthest, "1234567890123456789012345678901234567890,"} {
		for size := range 2 * len(farthest) {
			text := strings.Repeat(number, size/len(number)+1)[:size]
			checkEnds(t, source, target, before+text, 100)
			checkEnds(t, source, target, text, 1+size%7)
		}
	}
}

// checkEnds reads every end of the text, at the start and at the end of source,
// into the start and the end of target.
func checkEnds(t *testing.T, source, target []byte, text string, room int) {
	values := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(target))), len(target)/4)
	atStart, atEnd := source[:len(text)], source[len(source)-len(text):]
	copy(atStart, text)
	copy(atEnd, text)
	for i := range text {
		n, _ := Run(values[:room], atStart[i:])
		if m, _ := Run(values[len(values)-room:], atEnd[i:]); n != m {
			t.Errorf("%q: %d numbers at the start of memory, %d at its end", text[i:], n, m)
		}
	}
}
