package bench

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/client"
	"penstock/inference"
	"penstock/protocol"
	"penstock/weights"
	"penstock/weights/engines"
)

// What the demo counts, the server's dashboard shows, to the count.
func TestDemoAgreesWithTheServer(t *testing.T) {
	rows, err := weights.HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := weights.Default(engines.All(engines.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		digits, err := bundle.Load("dense")
		if err != nil {
			t.Fatal(err)
		}
		reach := serve(t, digits, inference.Options{})
		var progress bytes.Buffer
		report, err := Demo{URL: address, Rows: Digits{rows}, Duration: 10 * time.Second, Seed: 7, Client: reach, Progress: &progress}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Log(report)
		if report.Predictions < 1500 || report.Labelled != report.Predictions || len(report.Errors) > 0 || report.Disagreed > 0 {
			t.Errorf("got %v", report)
		}
		if report.Accuracy == nil || *report.Accuracy < 0.9 {
			t.Errorf("accuracy: %v", report)
		}
		frame := metricsAfter(t, reach, 3)
		if frame.Labelled != report.Labelled || frame.ModelAccuracy == nil || *frame.ModelAccuracy != *report.Accuracy {
			t.Errorf("the server shows %d labelled, accuracy %v; the demo counted %v", frame.Labelled, frame.ModelAccuracy, report)
		}
		if lines := strings.Count(progress.String(), "\n"); lines < 10 {
			t.Errorf("%d lines of progress:\n%s", lines, &progress)
		}
	})
}

// metricsAfter returns the nth metrics frame from now.
func metricsAfter(t *testing.T, reach client.Options, n int) *protocol.Metrics {
	t.Helper()
	d, err := client.DialDashboard(t.Context(), address, reach)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	for frame, err := range d.Frames(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if frame.Metrics == nil {
			continue
		}
		if n--; n == 0 {
			return frame.Metrics
		}
	}
	t.Fatal("the dashboard ended")
	return nil
}

func TestDemoStopsWithItsContext(t *testing.T) {
	rows, err := weights.HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := weights.Default(engines.All(engines.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		digits, err := bundle.Load("dense")
		if err != nil {
			t.Fatal(err)
		}
		reach := serve(t, digits, inference.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		report, err := Demo{URL: address, Rows: Digits{rows}, Client: reach}.Run(ctx)
		if err != nil || time.Since(start) > 4*time.Second {
			t.Errorf("ended after %v with %v", time.Since(start), err)
		}
		if report.Predictions == 0 || report.Labelled == 0 || report.Labelled >= report.Predictions || len(report.Errors) > 0 {
			t.Errorf("got %v", report)
		}
	})
}

func TestDemoValidate(t *testing.T) {
	rows := Digits{&weights.Rows{Features: 1, Pixels: []byte{1}, Labels: []byte{0}}}
	for field, d := range map[string]Demo{
		"URL":           {Rows: rows},
		"Rows":          {URL: address},
		"Connections":   {URL: address, Rows: rows, Connections: -1},
		"Rate":          {URL: address, Rows: rows, Rate: -1},
		"Duration":      {URL: address, Rows: rows, Duration: -1},
		"LabelDelayMax": {URL: address, Rows: rows, LabelDelayMin: time.Hour, LabelDelayMax: time.Second},
	} {
		if _, err := d.Run(t.Context()); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
