package lockorder_test

import (
	"runtime"
	"sync"
	"testing"

	"penstock/lockorder"
)

// In every build it is a mutex.
func TestMutexExcludes(t *testing.T) {
	var m lockorder.Mutex[lockorder.Pool]
	var all sync.WaitGroup
	n := 0
	for range 8 {
		all.Go(func() {
			for range 1000 {
				m.Lock()
				n++
				m.Unlock()
			}
		})
	}
	all.Wait()
	if n != 8000 {
		t.Errorf("counted %d; want 8000", n)
	}
}

func TestTryLock(t *testing.T) {
	var m lockorder.Mutex[lockorder.Pool]
	if !m.TryLock() {
		t.Fatal("a new mutex is locked")
	}
	if m.TryLock() {
		t.Fatal("locked twice")
	}
	m.Unlock()
	pass(&m) // it is free again, and nothing is noted as held
}

// TestCond: a condition variable gives the mutex back while it waits, and takes it
// again, under the locks that are outside it.
func TestCond(t *testing.T) {
	var outer lockorder.Mutex[lockorder.Hub]
	var m lockorder.Mutex[lockorder.Pool]
	changed := sync.NewCond(&m)
	ready := false
	var waiter sync.WaitGroup
	waiter.Go(func() {
		outer.Lock()
		defer outer.Unlock()
		m.Lock()
		defer m.Unlock()
		for !ready {
			changed.Wait()
		}
	})
	m.Lock()
	ready = true
	changed.Broadcast()
	m.Unlock()
	waiter.Wait()
}

// TestAllInOrder takes one lock of each rank, outermost first, and gives them back in
// an order of its own; then again, to see that none is still noted as held.
func TestAllInOrder(t *testing.T) {
	for range 2 {
		chain := ranks()
		for _, m := range chain {
			m.Lock()
		}
		for _, m := range chain {
			m.Unlock()
		}
	}
}

// ranks returns a lock of each rank, outermost first.
func ranks() []sync.Locker {
	return []sync.Locker{
		new(lockorder.Mutex[lockorder.Hub]), new(lockorder.Mutex[lockorder.Watcher]),
		new(lockorder.Mutex[lockorder.Bus]), new(lockorder.Mutex[lockorder.Board]),
		new(lockorder.Mutex[lockorder.Outbox]), new(lockorder.Mutex[lockorder.Pool]),
		new(lockorder.Mutex[lockorder.Store]), new(lockorder.Mutex[lockorder.Budget]),
	}
}

// pass takes a lock and gives it back.
func pass(m sync.Locker) {
	m.Lock()
	runtime.Gosched() // who else wants it meets it locked
	m.Unlock()
}
