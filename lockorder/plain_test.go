//go:build !lockcheck

package lockorder_test

import (
	"sync"
	"testing"
	"unsafe"

	"penstock/lockorder"
)

// TestRankIsFree: in an ordinary build a rank takes no memory, and nobody is checked.
func TestRankIsFree(t *testing.T) {
	if got, want := unsafe.Sizeof(lockorder.Mutex[lockorder.Hub]{}), unsafe.Sizeof(sync.Mutex{}); got != want {
		t.Errorf("a ranked mutex has %d bytes; want the %d of a mutex", got, want)
	}
	var inner lockorder.Mutex[lockorder.Budget]
	var outer lockorder.Mutex[lockorder.Hub]
	inner.Lock()
	pass(&outer)
	inner.Unlock()
}

// BenchmarkMutex is to be compared with BenchmarkSyncMutex.
func BenchmarkMutex(b *testing.B) {
	var m lockorder.Mutex[lockorder.Pool]
	n := 0
	for b.Loop() {
		m.Lock()
		n++
		m.Unlock()
	}
}

func BenchmarkSyncMutex(b *testing.B) {
	var m sync.Mutex
	n := 0
	for b.Loop() {
		m.Lock()
		n++
		m.Unlock()
	}
}
