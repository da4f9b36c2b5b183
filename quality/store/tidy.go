package store

import "time"

// tidy gives up what is too old or too much.
func (s *Store) tidy(now time.Time) {}
