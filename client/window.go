package client

import "container/list"

// window counts the rows in flight and queues who waits for room, first come
// first served, so that a large request is not overtaken for ever. Its owner
// locks it.
type window struct {
	size, used int
	waiting    list.List // of *waiter
}

type waiter struct {
	rows    int
	granted bool
	ready   chan struct{} // closed when granted, or when the link ended
}

// take takes room for rows if there is some and nobody waits before. A request
// larger than the whole window may go alone; the server says what it thinks of
// it.
func (w *window) take(rows int) bool {
	if w.waiting.Len() > 0 || !w.fits(rows) {
		return false
	}
	w.used += rows
	return true
}

func (w *window) fits(rows int) bool { return w.used == 0 || w.used+rows <= w.size }

// wait queues for room.
func (w *window) wait(rows int) (*waiter, *list.Element) {
	waiter := &waiter{rows: rows, ready: make(chan struct{})}
	return waiter, w.waiting.PushBack(waiter)
}

// release gives room back and hands it to those who wait.
func (w *window) release(rows int) {
	w.used -= rows
	for e := w.waiting.Front(); e != nil; e = w.waiting.Front() {
		next := e.Value.(*waiter)
		if !w.fits(next.rows) {
			return
		}
		w.used += next.rows
		next.granted = true
		close(next.ready)
		w.waiting.Remove(e)
	}
}

// leave ends a wait that its owner gave up.
func (w *window) leave(next *waiter, e *list.Element) {
	if next.granted {
		w.release(next.rows)
		return
	}
	w.waiting.Remove(e)
	w.release(0) // whoever stood behind may fit
}

// wake ends all waits without room.
func (w *window) wake() {
	for e := w.waiting.Front(); e != nil; e = w.waiting.Front() {
		close(e.Value.(*waiter).ready)
		w.waiting.Remove(e)
	}
}
