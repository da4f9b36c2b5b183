package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

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

// A token from the file that an agent keeps fresh, over TLS with a private authority.
// The file is read again for every handshake, and before the token expires.
func ExampleOptions_token() {
	ctx := context.Background()
	authority, err := os.ReadFile("ca.pem")
	if err != nil {
		slog.Error("no authority", "error", err)
		return
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	c, err := client.Dial(ctx, "wss://models.example.org", client.Options{
		TLS: &tls.Config{RootCAs: roots},
		Token: func(context.Context) (string, error) {
			token, err := os.ReadFile("token")
			return strings.TrimSpace(string(token)), err
		},
		OnStatus: func(status client.Status, err error) {
			slog.Info("server", "status", status.String(), "error", err) // a token that could not be renewed among them
		},
	})
	var refused *client.ConnError
	switch {
	case errors.As(err, &refused) && refused.HTTPStatus == http.StatusUnauthorized:
		slog.Error("the token is not good", "error", err)
		return
	case err != nil:
		slog.Error("no server", "error", err)
		return
	}
	defer func() { _ = c.Close() }()
	if _, err = c.Predict(ctx, []float32{0.2, 0.7, 0.1}); errors.As(err, &refused) && refused.CloseCode == 1008 {
		slog.Error("put out, and not coming back", "reason", refused.Reason) // such as revoked
	}
}

// Messages to a group of operators.
func ExampleClient_Join() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "ws://127.0.0.1:8080", client.Options{
		Token: client.StaticToken(os.Getenv("TOKEN")),
		OnNotification: func(n client.Notification) {
			slog.Info(n.Message, "from", n.From, "group", n.Group, "data", string(n.Data))
		},
	})
	if err != nil {
		slog.Error("no server", "error", err)
		return
	}
	defer func() { _ = c.Close() }()
	if err := c.Join(ctx, "ops"); err != nil {
		slog.Error("not in the group", "error", err)
	}
}
