//go:build lockcheck

package lockorder

import "sync"

// Mutex is a [sync.Mutex] with a rank that is checked. The zero Mutex is unlocked, and
// it can be the L of a [sync.Cond].
type Mutex[R Rank] struct{ mu sync.Mutex }

// Lock takes the mutex. Before it waits, it panics if its goroutine holds a lock whose
// rank is not outside this one's: this mutex itself would be one.
func (m *Mutex[R]) Lock() {
	if wrong := check(*new(R)); wrong != "" {
		panic(wrong)
	}
	m.mu.Lock()
	enter(*new(R), &m.mu)
}

// TryLock takes the mutex if it is free. It never waits, so it may be called in any
// order; but what is locked under it is checked against it.
func (m *Mutex[R]) TryLock() bool {
	if !m.mu.TryLock() {
		return false
	}
	enter(*new(R), &m.mu)
	return true
}

// Unlock gives the mutex back, whichever goroutine took it.
func (m *Mutex[R]) Unlock() {
	leave(&m.mu)
	m.mu.Unlock()
}
