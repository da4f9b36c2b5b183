package server_test

import (
	"io"
	"net/http"
	"net/netip"
	"sync"
	"testing"

	"penstock/quality"
	"penstock/quality/store"
	"penstock/server"
	"penstock/server/accept"
)

// Who asks the history for much waits for himself: beyond what a page asks he is
// refused, and somebody else is served.
func TestOneUserKeepsNobodyFromTheHistory(t *testing.T) {
	history, err := store.Open(store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = history.Close() }()
	r := start(t, setup{server: func(o *server.Options) {
		o.History, o.TrustedProxies = history, accept.Proxies{netip.MustParsePrefix("127.0.0.0/8")}
	}})
	ask := func(address string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/api/quality/slices?model=oracle&by=caller", nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		request.Header.Set("X-Forwarded-For", address)
		response, err := r.http.Do(request)
		if err != nil {
			t.Error(err)
			return 0
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response.StatusCode
	}

	const reading, waiting, beyond = 1, 16, 3
	slow, refused, served := make(chan struct{}), make(chan int, beyond), make(chan int, reading+waiting+1)
	var all sync.WaitGroup
	held := make(chan struct{})
	all.Go(func() {
		_ = history.Checkpoint(func(io.Writer, *quality.Batch) error {
			close(held)
			<-slow
			return nil
		})
	})
	<-held
	for range reading + waiting + beyond {
		all.Go(func() {
			if status := ask("10.0.0.1"); status == http.StatusServiceUnavailable {
				refused <- status
			} else {
				served <- status
			}
		})
	}
	for range beyond {
		<-refused
	}
	all.Go(func() { served <- ask("10.0.0.2") })
	close(slow)
	all.Wait()
	for range reading + waiting + 1 {
		if status := <-served; status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
}
