package server

import "sync"

// strangers counts WebSockets of those who have not shown who they are: in all, and of
// each address, so that one cannot keep all others out.
type strangers struct {
	most, mostOfOne int

	mu    sync.Mutex
	all   int
	ofOne map[string]int
}

func newStrangers(most int) *strangers {
	return &strangers{most: most, mostOfOne: max(4, most/8), ofOne: make(map[string]int)}
}

// enter counts one of an address, whose name is empty where no limit of its own holds,
// or says that there are too many. Who entered leaves.
func (s *strangers) enter(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= s.most || address != "" && s.ofOne[address] >= s.mostOfOne {
		return false
	}
	s.all++
	if address != "" {
		s.ofOne[address]++
	}
	return true
}

func (s *strangers) leave(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if address == "" {
		return
	}
	if s.ofOne[address]--; s.ofOne[address] == 0 {
		delete(s.ofOne, address)
	}
}
