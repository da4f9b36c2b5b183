// Package made makes up outcomes for tests and benchmarks: as a server would write
// them, or as different as they may be.
package made

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"penstock/quality"
)

// Start is when the first outcome was predicted, in Unix nanoseconds: 2026-03-14 09:26:53 UTC.
const Start = 1_773_480_413_000_000_000

// Classes are n names.
func Classes(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "class " + strconv.Itoa(i)
	}
	return names
}

// Stream makes outcomes as they come from a server: several clients whose request
// ids count up, and labels some time after the predictions.
type Stream struct {
	Random  *rand.Rand
	Kind    string
	Classes []string // of class and labels
	Width   int      // of values
	Clients int
	Rate    float64 // rows a second
	Delay   float64 // seconds, at most

	now  int64
	next []int
}

// Take makes the next n outcomes of version 1 of model m.
func (s *Stream) Take(n int) quality.Outcomes {
	if s.now == 0 {
		s.now = Start
		s.next = make([]int, s.Clients)
	}
	o := quality.Outcomes{Model: "m", Version: "1", Kind: s.Kind, Classes: s.Classes, Width: 1, LabelWidth: 1}
	switch s.Kind {
	case "labels":
		o.Width, o.LabelWidth = len(s.Classes), len(s.Classes)
	case "values":
		o.Width, o.LabelWidth = s.Width, s.Width
	}
	for range n {
		s.now += int64(s.Random.ExpFloat64() / s.Rate * 1e9)
		client := s.Random.IntN(s.Clients)
		s.next[client]++
		var scope [16]byte
		scope[3] = byte(client)
		scope[9] = byte(client >> 8)
		o.Labelled = append(o.Labelled, s.now)
		o.Predicted = append(o.Predicted, s.now-int64(s.Random.Float64()*s.Delay*1e9))
		o.Scopes = append(o.Scopes, quality.ScopeFrom(scope))
		o.IDs = append(o.IDs, strconv.Itoa(s.next[client]))
		o.Rows = append(o.Rows, 0)
		o.Callers = append(o.Callers, fmt.Sprintf("10.0.%d.%d", client>>8, client&255))
		o.Names = append(o.Names, fmt.Sprintf("10.0.%d.%d", client>>8, client&255))
		s.row(&o)
	}
	return o
}

func (s *Stream) row(o *quality.Outcomes) {
	switch s.Kind {
	case "class":
		s.class(o)
	case "labels":
		s.labels(o)
	default:
		s.values(o)
	}
}

// class is right as often as it is sure.
func (s *Stream) class(o *quality.Outcomes) {
	n := len(s.Classes)
	p := float32(1 - (1-1/float64(n))*math.Pow(s.Random.Float64(), 6))
	predicted := s.Random.IntN(n)
	correct := s.Random.Float64() < float64(p)
	rest := (1 - p) / float32(max(n-1, 1))
	truth, probability := predicted, p
	if !correct {
		truth, probability = (predicted+1+s.Random.IntN(max(n-1, 1)))%n, rest
	}
	o.Values = append(o.Values, float32(predicted))
	o.Confidences = append(o.Confidences, p)
	o.Truths = append(o.Truths, float64(truth))
	o.Verdicts = append(o.Verdicts, quality.Verdict{Correct: predicted == truth})
	o.Shown = append(o.Shown, p)
	o.Probability = append(o.Probability, probability)
	o.Squares = append(o.Squares, p*p+float32(n-1)*rest*rest)
	size := uint16(1)
	if p < 0.9 {
		size = 2
	}
	o.SetSize = append(o.SetSize, size)
	o.Covered = append(o.Covered, predicted == truth || size == 2 && s.Random.Float64() < 0.5)
}

func (s *Stream) labels(o *quality.Outcomes) {
	correct := true
	for range s.Classes {
		p := s.Random.Float32()
		predicted, truth := float32(0), 0.0
		if p >= 0.5 {
			predicted = 1
		}
		if s.Random.Float32() < p {
			truth = 1
		}
		correct = correct && float64(predicted) == truth
		o.Values, o.Confidences, o.Truths = append(o.Values, predicted), append(o.Confidences, p), append(o.Truths, truth)
	}
	o.Verdicts = append(o.Verdicts, quality.Verdict{Correct: correct})
}

func (s *Stream) values(o *quality.Outcomes) {
	var v quality.Verdict
	for range s.Width {
		truth := s.Random.NormFloat64() * 10
		value := float32(truth + s.Random.NormFloat64())
		off := math.Abs(float64(value) - truth)
		v.Distance += off
		v.Squared += off * off
		o.Values, o.Truths = append(o.Values, value), append(o.Truths, truth)
	}
	if s.Width > 1 {
		v.Distance /= float64(s.Width)
		v.Squared /= float64(s.Width)
	}
	o.Verdicts = append(o.Verdicts, v)
	o.SetSize, o.Covered = append(o.SetSize, 1), append(o.Covered, v.Distance < 1.6)
}
