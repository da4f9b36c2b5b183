package client_test

import (
	"context"
	"fmt"
	"log/slog"

	"penstock/client"
)

// A row by the names of the model's columns, of which one is missing, and an answer
// with several outputs.
func ExampleClient_PredictNamed() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "ws://127.0.0.1:8080", client.Options{})
	if err != nil {
		slog.Error("no server", "error", err)
		return
	}
	defer func() { _ = c.Close() }()
	house := map[string]any{"area": 84.5, "rooms": 3, "heating": "gas", "built": nil}
	p, err := c.PredictNamed(ctx, house, client.WithOutputs())
	if err != nil {
		slog.Error("no prediction", "error", err, "retryable", client.Retryable(err))
		return
	}
	for name, output := range p.Outputs {
		fmt.Println(name, output.Label, output.Value)
	}
}

// All labels of a row that the model holds for true, and later those that were.
func ExampleLabels() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "ws://127.0.0.1:8080", client.Options{})
	if err != nil {
		slog.Error("no server", "error", err)
		return
	}
	defer func() { _ = c.Close() }()
	p, err := c.Predict(ctx, []float32{0.2, 0.7, 0.1})
	if err != nil {
		slog.Error("no prediction", "error", err)
		return
	}
	for _, label := range p.Labels {
		fmt.Printf("%s with %.2f\n", label.Name, label.Probability)
	}
	if _, err = c.Feedback(ctx, p.ID, client.Labels("sports", "politics")); err != nil {
		slog.Error("the labels were not counted", "error", err)
	}
}
