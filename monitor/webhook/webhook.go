// Package webhook sends alerts to an HTTP server.
//
// Its contract: Send never blocks; what waits is bounded, the oldest is dropped
// and counted; an alert that could not be delivered is tried again, with growing
// waits, and given up after some; redirects are not followed, so that alerts go
// nowhere but where the operator said; the address's secrets appear in no log
// line. Alerts are delivered one after the other in their order, and may come
// twice.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	kept     = 64 // alerts that may wait
	attempts = 5
	timeout  = 5 * time.Second // of one attempt
	// firstWait and longestWait bound the pause before another attempt, which
	// doubles, and of which half is by chance.
	firstWait, longestWait = time.Second, 30 * time.Second
	// drain is how long Run goes on at the end with what waits.
	drain = 2 * time.Second
	// answerRead is how much of an answer is read, so that its connection can be
	// used again.
	answerRead = 64 << 10
)

// Hook sends alerts to one address. It is safe for concurrent use.
type Hook struct {
	to      Address
	client  *http.Client
	logger  *slog.Logger
	counted *prometheus.CounterVec
	retries prometheus.Counter

	mu      sync.Mutex
	waiting [][]byte
	wake    chan struct{} // has room for one
}

// Options configure a Hook.
type Options struct {
	To     Address
	Logger *slog.Logger
	// Registerer receives the hook's metrics. Nil means none.
	Registerer prometheus.Registerer
	// Transport carries the requests; nil means one of its own.
	Transport http.RoundTripper
}

// New returns a hook that sends nothing until Run.
func New(o Options) (*Hook, error) {
	if o.To.IsZero() {
		return nil, errors.New("webhook: no address")
	}
	if o.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = 1, 1
		transport.MaxResponseHeaderBytes = answerRead
		o.Transport = transport
	}
	h := &Hook{
		to: o.To, logger: o.Logger, wake: make(chan struct{}, 1),
		client: &http.Client{
			Transport: o.Transport, Timeout: timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		counted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_alert_webhook_total", Help: "Alerts for the webhook by what became of them.",
		}, []string{"outcome"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "penstock_alert_webhook_retries_total", Help: "Attempts to deliver an alert again.",
		}),
	}
	for _, outcome := range []string{delivered, failed, dropped} {
		h.counted.WithLabelValues(outcome)
	}
	if o.Registerer == nil {
		return h, nil
	}
	for _, c := range []prometheus.Collector{h.counted, h.retries} {
		if err := o.Registerer.Register(c); err != nil {
			return nil, fmt.Errorf("webhook: %w", err)
		}
	}
	return h, nil
}

const delivered, failed, dropped = "delivered", "failed", "dropped"

// Send hands over an alert in JSON, which nobody may change from then on.
func (h *Hook) Send(alert []byte) {
	h.mu.Lock()
	if len(h.waiting) == kept {
		h.waiting[0] = nil
		h.waiting = h.waiting[1:]
		h.counted.WithLabelValues(dropped).Inc()
	}
	h.waiting = append(h.waiting, alert)
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *Hook) take() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.waiting) == 0 {
		return nil
	}
	alert := h.waiting[0]
	h.waiting[0] = nil
	h.waiting = h.waiting[1:]
	return alert
}

// Run delivers until ctx ends, and what waits then for two seconds more. What is
// left after that is counted as dropped.
func (h *Hook) Run(ctx context.Context) {
	defer h.client.CloseIdleConnections()
	ending, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drain, end) })()
	for {
		for alert := h.take(); alert != nil; alert = h.take() {
			h.deliver(ending, alert)
		}
		select {
		case <-h.wake:
			continue
		case <-ctx.Done():
		}
		if alert := h.take(); alert != nil { // came between the last look and the end
			h.deliver(ending, alert)
			continue
		}
		return
	}
}

// deliver tries until an alert is taken, refused for good, or given up.
func (h *Hook) deliver(ctx context.Context, alert []byte) {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		again, err := h.post(ctx, alert)
		if err == nil {
			h.counted.WithLabelValues(delivered).Inc()
			return
		}
		if ctx.Err() != nil {
			h.counted.WithLabelValues(dropped).Inc()
			h.logger.Warn("an alert was not delivered before the end", "webhook", h.to.String(), "err", err)
			return
		}
		if !again || attempt == attempts {
			h.counted.WithLabelValues(failed).Inc()
			h.logger.Error("an alert could not be delivered", "webhook", h.to.String(), "attempts", attempt, "err", err)
			return
		}
		h.retries.Inc()
		pause(ctx, wait/2+rand.N(wait/2))
		wait = min(2*wait, longestWait)
	}
}

func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// post reports whether a failure may pass by itself.
func (h *Hook) post(ctx context.Context, alert []byte) (again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.to.url.String(), bytes.NewReader(alert))
	if err != nil {
		return false, errors.New("the address makes no request")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "penstock")
	response, err := h.client.Do(request)
	if err != nil {
		return true, withoutAddress(err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, answerRead)
	switch status := response.StatusCode; {
	case status >= 200 && status < 300:
		return false, nil
	case status >= 300 && status < 400:
		return false, fmt.Errorf("the server redirects (%d), which is not followed; give the address that it leads to", status)
	default:
		again = status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests || status >= 500
		return again, fmt.Errorf("the server answered %d", status)
	}
}

// withoutAddress leaves out the URL, which an error of net/http begins with.
func withoutAddress(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
