//go:build lockcheck

package lockorder_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"penstock/lockorder"
)

// refusal locks m on a goroutine that holds held, and returns what Lock panicked with;
// "" if it did not.
func refusal(held, m sync.Locker) (said string) {
	held.Lock()
	defer held.Unlock()
	defer func() {
		if v := recover(); v != nil {
			said = fmt.Sprint(v)
		}
	}()
	pass(m)
	return ""
}

// TestEveryPair: a lock may be taken under another when its rank stands below, and
// not otherwise, nor under one of the same rank.
func TestEveryPair(t *testing.T) {
	for i, held := range ranks() {
		for j, m := range ranks() {
			said := refusal(held, m)
			if (said != "") != (j <= i) {
				t.Errorf("%T under %T: %q", m, held, said)
			}
			if said != refusal(held, m) {
				t.Errorf("%T under %T: not the same answer twice", m, held)
			}
		}
	}
}

// TestRefusalTells names both ranks and the place where the outer lock was taken.
func TestRefusalTells(t *testing.T) {
	var pool lockorder.Mutex[lockorder.Pool]
	var hub lockorder.Mutex[lockorder.Hub]
	said := refusal(&pool, &hub)
	for _, want := range []string{"Hub", "Pool", "checked_test.go:", "refusal"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q does not tell %q", said, want)
		}
	}
}

// TestRefusesBeforeItWaits: a goroutine that would wait for itself is told so.
func TestRefusesBeforeItWaits(t *testing.T) {
	var m lockorder.Mutex[lockorder.Pool]
	if refusal(&m, &m) == "" {
		t.Error("the same lock was taken twice")
	}
	pass(&m) // a refusal leaves everything as it was
}

// TestOfOneGoroutine: what others hold does not matter.
func TestOfOneGoroutine(t *testing.T) {
	var inner lockorder.Mutex[lockorder.Budget]
	var outer lockorder.Mutex[lockorder.Hub]
	inner.Lock()
	defer inner.Unlock()
	var other sync.WaitGroup
	other.Go(func() { pass(&outer) })
	other.Wait()
}

// TestHandedOver: a lock that another goroutine gives back is nobody's any more.
func TestHandedOver(t *testing.T) {
	var inner lockorder.Mutex[lockorder.Budget]
	var outer lockorder.Mutex[lockorder.Hub]
	inner.Lock()
	var other sync.WaitGroup
	other.Go(inner.Unlock)
	other.Wait()
	pass(&outer)
}

// TestTryLockIsHeld: what is locked under a lock that was tried is checked too.
func TestTryLockIsHeld(t *testing.T) {
	var inner lockorder.Mutex[lockorder.Budget]
	var outer lockorder.Mutex[lockorder.Hub]
	if !inner.TryLock() {
		t.Fatal("a new mutex is locked")
	}
	defer inner.Unlock()
	if !outer.TryLock() { // never waits, so it is allowed
		t.Fatal("a new mutex is locked")
	}
	outer.Unlock()
	if refusal(new(sync.Mutex), &outer) == "" {
		t.Error("a lock that was tried is not noted as held")
	}
}

// TestCondReturns tells of the caller of Wait, through which a lock came back.
func TestCondReturns(t *testing.T) {
	var m lockorder.Mutex[lockorder.Pool]
	var hub lockorder.Mutex[lockorder.Hub]
	changed := sync.NewCond(&m)
	var waiter sync.WaitGroup
	asleep := make(chan struct{})
	said := ""
	waiter.Go(func() {
		m.Lock()
		close(asleep)
		changed.Wait()
		defer m.Unlock()
		said = refusal(new(sync.Mutex), &hub)
	})
	<-asleep
	m.Lock()
	changed.Signal()
	m.Unlock()
	waiter.Wait()
	if !strings.Contains(said, "checked_test.go:") {
		t.Errorf("%q does not tell who called Wait", said)
	}
}

// TestCheckedAllocatesNothing, so that tests of allocations hold in this build too.
func TestCheckedAllocatesNothing(t *testing.T) {
	var hub lockorder.Mutex[lockorder.Hub]
	var pool lockorder.Mutex[lockorder.Pool]
	if n := testing.AllocsPerRun(100, func() {
		hub.Lock()
		defer hub.Unlock()
		pool.Lock()
		defer pool.Unlock()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
