package dense

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns a copy of values in memory of its own, between two pages
// that must not be touched: right before the second, or right after the first.
// The copy is gone at the end of the test.
func guarded[T any](t testing.TB, values []T, atEnd bool) []T {
	t.Helper()
	page, used := syscall.Getpagesize(), len(values)*int(unsafe.Sizeof(values[0]))
	size := (used + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	inside := memory[page : page+size]
	if err := syscall.Mprotect(inside, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	if atEnd {
		inside = inside[size-used:]
	}
	guarded := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(inside))), len(values))
	copy(guarded, values)
	return guarded
}

// No tile reads or writes outside of its slices: that would fault here.
func TestTilesStayWithinTheirSlices(t *testing.T) {
	for _, k := range vectorKernels() {
		for _, atEnd := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/end=%v", k.name, atEnd), func(t *testing.T) {
				for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 64} {
					for _, out := range []int{1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50, 100, 256, 257, 300} {
						checkGuarded(t, k, shape{rows, 1 + (rows+out)%5, out}, atEnd)
						checkGuarded(t, k, shape{rows, 30 + (rows+out)%5, out}, atEnd)
					}
				}
			})
		}
	}
}

func checkGuarded(t *testing.T, k kernel, s shape, atEnd bool) {
	l, src := s.operands(1, ReLU)
	for i := range src { // so that far tiles get less than all inputs
		if i%s.in%3 == 1 {
			src[i] = 0
		}
	}
	want := k.run(l, src, false)
	packed, _ := k.pack(l)
	p := packed.(*tiled)
	p.weight, p.bias, p.offsets = guarded(t, p.weight, atEnd), guarded(t, p.bias, atEnd), guarded(t, p.offsets, atEnd)
	src, dst := guarded(t, src, atEnd), guarded(t, make([]float32, len(want)), atEnd)
	for _, backwards := range []bool{false, true} {
		clear(dst)
		w := newWorkspace(s.rows, s.in)
		w.backwards = backwards
		w.values, w.offsets, w.masks = guarded(t, w.values, atEnd), guarded(t, w.offsets, atEnd), guarded(t, w.masks, atEnd)
		p.multiply(dst, src, s.rows, &w)
		if !slices.EqualFunc(dst, want, sameSum) {
			t.Fatalf("%+v: other results in guarded memory", s)
		}
	}
}

// Nor does a softmax.
func TestSoftmaxStaysWithinItsSlices(t *testing.T) {
	for _, k := range vectorKernels() {
		for _, atEnd := range []bool{false, true} {
			for width := 1; width <= 50; width++ {
				for rows := 1; rows <= 5; rows++ {
					logits := make([]float32, rows*width)
					for i := range logits {
						logits[i] = float32(i % 7)
					}
					want := k.softmaxed(logits, width, 1)
					src, dst := guarded(t, logits, atEnd), guarded(t, make([]float32, len(logits)), atEnd)
					k.softmax(dst, src, width, 1)
					if !slices.EqualFunc(dst, want, sameBits) {
						t.Fatalf("%s: %d × %d: other results in guarded memory", k.name, rows, width)
					}
				}
			}
		}
	}
}
