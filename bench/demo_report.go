package bench

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// DemoReport is what a demo counted by itself.
type DemoReport struct {
	Predictions uint64 `json:"predictions"`
	// Labelled counts labels that the server acknowledged, Correct those among
	// them whose prediction was right.
	Labelled uint64 `json:"labelled"`
	Correct  uint64 `json:"correct"`
	// Accuracy is Correct / Labelled, or nil without labels, and of a regression.
	Accuracy *float64 `json:"accuracy"`
	// Disagreed counts labels on which the server's acknowledgement said the
	// opposite of our own comparison. It should be zero.
	Disagreed uint64 `json:"disagreed"`
	// Errors counts requests and labels that failed, by code. After a
	// connection_lost it is not known whether the server counted a label.
	Errors map[string]uint64 `json:"errors"`
}

func (r *demoRun) report() DemoReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := DemoReport{Predictions: r.predicted, Labelled: r.labelled, Correct: r.correct,
		Disagreed: r.disagreed, Errors: maps.Clone(r.errors)}
	if r.judged > 0 {
		accuracy := float64(r.correct) / float64(r.judged)
		report.Accuracy = &accuracy
	}
	return report
}

// String is the report in a line.
func (r DemoReport) String() string {
	line := fmt.Sprintf("%d predictions, %d labelled", r.Predictions, r.Labelled)
	switch {
	case r.Accuracy != nil:
		line += fmt.Sprintf(", %d correct, accuracy %.2f %%", r.Correct, 100**r.Accuracy)
	case r.Labelled == 0:
		line += ", 0 correct, no labels yet"
	}
	if len(r.Errors) > 0 {
		line += ", errors: " + counts(r.Errors)
	}
	if r.Disagreed > 0 {
		line += fmt.Sprintf(", the server disagrees on %d", r.Disagreed)
	}
	return line
}

// print writes a line every second until ctx ends.
func (r *demoRun) print(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := fmt.Fprintln(r.demo.Progress, r.report()); err != nil {
				return
			}
		}
	}
}
