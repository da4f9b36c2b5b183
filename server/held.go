package server

import "sync"

// held counts the places that each caller holds. Callers that hold none are
// forgotten.
type held struct {
	limit int

	mu     sync.Mutex
	counts map[string]int
}

// enter counts one more, unless that is too many. Who has no name is not
// counted.
func (h *held) enter(caller string) bool {
	if caller == "" {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counts[caller] >= h.limit {
		return false
	}
	h.counts[caller]++
	return true
}

func (h *held) leave(caller string) {
	if caller == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counts[caller]--; h.counts[caller] == 0 {
		delete(h.counts, caller)
	}
}
