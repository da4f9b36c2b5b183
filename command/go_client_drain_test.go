//go:build unix

package command

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"penstock/client"
)

// While one server ends and another takes its place, a caller of the Go client
// sees neither draining nor, since a server answers what it read, anything but
// answers and, for what it never read, a lost connection.
func TestGoClientOutlivesAServer(t *testing.T) {
	var address atomic.Value
	first := runBinary(t)
	address.Store(first.address)
	second := runBinary(t)
	c, err := client.Dial(t.Context(), "ws://localhost", client.Options{
		BackoffMin: 1, BackoffMax: 1,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address.Load().(string))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	var callers sync.WaitGroup
	var before, after, lost atomic.Int64
	over := make(chan struct{})
	for i := range 32 {
		row, bytes := make([]float32, 784), make([]byte, 784)
		callers.Go(func() {
			for {
				var err error
				if i%2 == 0 {
					_, err = c.Predict(ctx, row)
				} else {
					_, err = c.PredictBytes(ctx, bytes)
				}
				var gone *client.ConnError
				switch {
				case errors.As(err, &gone):
					lost.Add(1)
				case err != nil:
					t.Errorf("a caller was told %v", err)
					return
				case address.Load() == first.address:
					before.Add(1)
				default:
					after.Add(1)
				}
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	eventually(t, "answers of the first server", func() bool { return before.Load() > 1000 })
	address.Store(second.address)
	first.signal(syscall.SIGTERM)
	if _, err := first.wait(); err != nil {
		t.Errorf("the first server ended with %v", err)
	}
	seen := after.Load()
	eventually(t, "answers of the second server", func() bool { return after.Load() > seen+1000 })
	close(over)
	callers.Wait()
	t.Logf("%d answers before, %d after, %d requests lost", before.Load(), after.Load(), lost.Load())
}
