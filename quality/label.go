package quality

import (
	"errors"
	"time"
)

// Label is a true answer as a client wrote it: a text or a number.
type Label struct {
	Text   string  // the text, or the digits of the number; without, those of Number count
	Number float64 // the number, as near as a float64 comes
	IsText bool
}

// Result tells what a prediction turned out to be worth.
type Result struct {
	Model int // index into Options.Models
	Rows  int
	// Correct tells for each row whether the predicted class was the true one.
	// It is nil for a regression, where no answer is simply right or wrong.
	Correct []bool
	Delay   time.Duration // from the prediction to its label
}

// Label joins a prediction with its true answers, one per row.
//
// A classification takes the name of a class as a text, or a number: it means
// the class whose name is that number as it was written, or else the one class
// whose name has the same value. A regression takes a finite number in the range
// of float32.
//
// The error is ErrUnknownRequest, ErrDuplicateFeedback or a *BadLabelError;
// none of them counts anything, and after a *BadLabelError the prediction still
// waits for its label.
func (s *Store) Label(scope Scope, id []byte, labels []Label) (Result, error) {
	return s.join(scope, id, len(labels), func(j *judge, row int) (float64, error) {
		return j.label(row, labels[row])
	})
}

// LabelIndices is Label for binary frames: each label is the index of a class,
// or the value of a regression.
func (s *Store) LabelIndices(scope Scope, id []byte, labels []float32) (Result, error) {
	return s.join(scope, id, len(labels), func(j *judge, row int) (float64, error) {
		return j.labelIndex(row, labels[row])
	})
}

// Remembers reports whether a label for this request would find a prediction.
func (s *Store) Remembers(scope Scope, id []byte) bool {
	key := s.key(scope, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory.find(key) != none
}

type readLabel func(j *judge, row int) (float64, error)

func (s *Store) join(scope Scope, id []byte, labels int, read readLabel) (Result, error) {
	key := s.key(scope, id)
	now := time.Since(s.epoch)
	s.mu.Lock()
	defer s.mu.Unlock()
	result, err := s.joinLocked(key, now, labels, read)
	s.feedback.count(err)
	return result, err
}

func (s *Store) joinLocked(key uint64, now time.Duration, labels int, read readLabel) (Result, error) {
	position := s.memory.find(key)
	if position == none {
		return Result{}, ErrUnknownRequest
	}
	head := s.memory.requests.at(position)
	if head.labelled {
		return Result{}, ErrDuplicateFeedback
	}
	rows := int(head.rows)
	if labels != rows {
		return Result{}, wrongCount(labels, rows)
	}
	judge := &s.judges[head.model]
	truths := make([]float64, rows)
	for i := range truths {
		truth, err := read(judge, i)
		if err != nil {
			return Result{}, err
		}
		truths[i] = truth
	}
	head.labelled = true
	result := Result{Model: int(head.model), Rows: rows, Delay: max(0, now-time.Duration(head.at))}
	if !judge.regression() {
		result.Correct = make([]bool, rows)
	}
	s.countLabeller(head, now)
	tally := &s.tallies[head.model]
	tally.delay(result.Delay, rows)
	told := told{rows: uint64(rows)}
	s.memory.each(head, func(i int, value, confidence float32) {
		if judge.regression() {
			off := tally.value(float64(value), truths[i])
			told.absolute += off
			told.bounded += tally.scale.Bounded(off)
			return
		}
		if result.Correct[i] = tally.class(value, confidence, int(truths[i])); result.Correct[i] {
			told.correct++
		}
	})
	tally.labelled(head.at, told)
	tally.detect(told)
	return result, nil
}

func (s *Store) countLabeller(head *kept, now time.Duration) {
	scope := s.memory.holders.at(head.holder)
	caller := s.memory.holders.at(scope.parent)
	s.scopes.labelled(scope.key, scope.name, uint64(head.rows), now)
	s.callers.labelled(caller.key, caller.name, uint64(head.rows), now)
}

// feedbackCounts counts labels by what became of them, in requests.
type feedbackCounts struct{ joined, unknown, duplicate, bad uint64 }

func (f *feedbackCounts) count(err error) {
	switch {
	case err == nil:
		f.joined++
	case errors.Is(err, ErrUnknownRequest):
		f.unknown++
	case errors.Is(err, ErrDuplicateFeedback):
		f.duplicate++
	default:
		f.bad++
	}
}
