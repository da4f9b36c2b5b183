package quality

import (
	"fmt"
	"sync"
	"time"

	"penstock/quality/shift"
)

// Watches reports whether a row of a request that was answered now is to be given to
// Watch, and counts it if so. It takes no lock.
func (one *Series) Watches(now time.Time) bool {
	return one.shift != nil && one.shift.Wants(int64(now.Sub(one.store.epoch)))
}

// Watch compares a row with those that the model was made for, as shift.Detector.Add
// takes it. Caller is who asked.
func (one *Series) Watch(row, prediction []float32, confidence float32, caller string) {
	one.senders.add(one.store.voice(caller), caller)
	one.shift.Add(row, prediction, confidence)
	firing, text := one.Shifted()
	if one.shifted.Swap(firing) == firing {
		return
	}
	if !firing {
		text = "rows are like the reference again"
	}
	one.store.Note(one, "drift", text)
}

// Shift tells how rows compare with those that the model was made for; nil where
// nothing compares them.
func (one *Series) Shift() *shift.Report {
	if one.shift == nil {
		return nil
	}
	report := one.shift.Report()
	if report.Firing {
		report.Text += one.senders.most()
	}
	return &report
}

// Shifted reports whether rows are not like those any more, how, and who sent most of
// them where that is a large part: rows count alike, whoever sends them.
func (one *Series) Shifted() (bool, string) {
	if one.shift == nil {
		return false, ""
	}
	firing, text := one.shift.Firing()
	if firing {
		text += one.senders.most()
	}
	return firing, text
}

// senders are who sent the newest rows that were compared, about as many as a window
// has.
type senders struct {
	mu     sync.Mutex
	voices voices
}

func (s *senders) add(key uint64, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.voices.weigh(key, name)
}

// muchOfAll is from which part on somebody is named, where there are others.
const muchOfAll = 0.2

func (s *senders) most() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, part := s.voices.loudest()
	if part < muchOfAll || part == 1 {
		return ""
	}
	return fmt.Sprintf("; %.1f %% of these rows are of %q", 100*part, name)
}
