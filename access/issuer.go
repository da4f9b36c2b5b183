package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

const (
	jwksTimeout  = 5 * time.Second // within which a client's first message is due, too
	jwksInterval = 5 * time.Minute
	jwksRetry    = 5 * time.Second // after a reading that failed
	jwksUnknown  = 10 * time.Second
	largestJWKS  = 1 << 20
)

// issuer keeps the keys of an identity provider, read from its JWKS URL. The keys that
// were read last hold while the provider is away.
type issuer struct {
	url    string
	log    *slog.Logger
	store  jwkset.Storage
	finder keyfunc.Keyfunc

	unknown *rate.Limiter // of readings for names that are not known
	reading sync.Mutex
	read    time.Time // when keys came last; zero: never. Guarded by reading
}

// newIssuer returns one that has no keys yet: see refresh and run.
func newIssuer(address string, log *slog.Logger) (*issuer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("expected a URL such as https://id.example.org/.well-known/jwks.json, without a password in it")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("expected https: whoever can change what comes by http could sign tokens; http is taken from this machine alone")
	}
	store := signers{jwkset.NewMemoryStorage()}
	finder, err := keyfunc.New(keyfunc.Options{Storage: store})
	if err != nil {
		return nil, err
	}
	return &issuer{
		url: address, log: log, store: store, finder: finder,
		unknown: rate.NewLimiter(rate.Every(jwksUnknown), 3),
	}, nil
}

// client reads answers of a sane size, from where it was told to and nowhere else.
var client = &http.Client{
	Transport:     smallAnswers{http.DefaultTransport},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// smallAnswers cuts off bodies that are too long.
type smallAnswers struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (s smallAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Close = true // keys are read every few minutes: no connection is kept for that
	response, err := s.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, largestJWKS), response.Body}
	}
	return response, err
}

// refresh reads the keys again. On an error those of before hold. Who waited while
// others read them has what they read.
func (i *issuer) refresh(ctx context.Context) error {
	asked := time.Now()
	i.reading.Lock()
	defer i.reading.Unlock()
	if i.read.After(asked) {
		return nil
	}
	_, err := jwkset.NewStorageFromHTTP(i.url, jwkset.HTTPClientStorageOptions{
		Client: client, Ctx: ctx, HTTPTimeout: jwksTimeout, Storage: i.store,
	})
	if err != nil {
		return fmt.Errorf("the keys of --jwks-url cannot be read: %w", err)
	}
	i.read = time.Now()
	return nil
}

// run reads the keys again and again until ctx ends.
func (i *issuer) run(ctx context.Context) {
	for {
		wait := jwksInterval
		if err := i.refresh(ctx); err != nil && ctx.Err() == nil {
			i.log.Error("tokens are verified with the keys that were read before, if any", "err", err)
			wait = jwksRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// keys returns those that may have signed a token, by the name of its key where it has
// one. A name that is not known has the keys read again, now and then: a provider that
// changes its key signs with the new one at once.
func (i *issuer) keys(ctx context.Context, name string, t *jwt.Token) ([]any, error) {
	found := i.find(ctx, t)
	if len(found) == 0 && name != "" {
		if permit := i.unknown.Reserve(); permit.Delay() > 0 {
			permit.Cancel()
		} else if i.refresh(context.WithoutCancel(ctx)) == nil { // who hangs up does not keep the others from it
			found = i.find(ctx, t)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case i.never():
		return nil, ErrUnavailable
	}
	return nil, errUnknownKey
}

// never reports whether the provider's keys have not been read yet.
func (i *issuer) never() bool {
	i.reading.Lock()
	defer i.reading.Unlock()
	return i.read.IsZero()
}

// find returns the keys that fit a token's algorithm.
func (i *issuer) find(ctx context.Context, t *jwt.Token) (fit []any) {
	got, err := i.finder.KeyfuncCtx(ctx)(t)
	if err != nil {
		return nil
	}
	candidates := []any{got}
	if set, ok := got.(jwt.VerificationKeySet); ok {
		candidates = candidates[:0]
		for _, key := range set.Keys {
			candidates = append(candidates, key)
		}
	}
	for _, key := range candidates {
		if algorithmOf(key) == t.Method.Alg() && len(fit) < mostKeys {
			fit = append(fit, key)
		}
	}
	return fit
}
