package access_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"penstock/access"
)

func contextOf(t testing.TB) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(context.Background())
}

// provider is an identity provider with keys that change.
type provider struct {
	*httptest.Server
	keys  atomic.Pointer[[]map[string]string]
	asked atomic.Int64
	fails atomic.Bool
}

func newProvider(t *testing.T) *provider {
	p := &provider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		if p.fails.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": *p.keys.Load()})
	}))
	t.Cleanup(p.Close)
	p.publish()
	return p
}

func (p *provider) publish(keys ...map[string]string) { p.keys.Store(&keys) }

// key makes a key, and how it is published under a name.
func key(t *testing.T, kid string) (*ecdsa.PrivateKey, map[string]string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	point, err := k.PublicKey.Bytes()
	must(t, err)
	text := base64.RawURLEncoding.EncodeToString
	return k, map[string]string{"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "x": text(point[1:33]), "y": text(point[33:])}
}

// TestIdentityProvider: keys come from the provider's URL; a token that names a new one
// has them read again, but not every such token; and while the provider is away, those
// that were read before hold.
func TestIdentityProvider(t *testing.T) {
	p := newProvider(t)
	first, published := key(t, "1")
	p.publish(published, map[string]string{"kty": "oct", "kid": "s", "k": base64.RawURLEncoding.EncodeToString(secret)})
	g := newGuard(t, func(o *access.Options) { o.SecretFiles, o.JWKSURL = nil, p.URL })
	var running sync.WaitGroup
	ctx, cancel := contextOf(t)
	defer running.Wait()
	defer cancel()
	running.Go(func() { g.Run(ctx) })

	named := func(k *ecdsa.PrivateKey, kid string) string {
		return sign(t, jwt.SigningMethodES256, k, claims(nil), map[string]any{"kid": kid})
	}
	if _, err := g.Token(t.Context(), named(first, "1")); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, g, sign(t, jwt.SigningMethodHS256, secret, claims(nil), map[string]any{"kid": "s"}), access.Signature)
	second, again := key(t, "2")
	mustRefuse(t, g, named(second, "1"), access.Signature)

	p.publish(published, again)
	if _, err := g.Token(t.Context(), named(second, "2")); err != nil {
		t.Errorf("with a new key: %v", err)
	}
	before := p.asked.Load()
	for range 100 {
		mustRefuse(t, g, named(second, "unknown"), access.UnknownKey)
	}
	if asked := p.asked.Load() - before; asked > 3 {
		t.Errorf("the provider was asked %d times for a key that nobody has", asked)
	}
	p.fails.Store(true)
	for _, token := range []string{named(first, "1"), named(second, "2")} {
		if _, err := g.Token(t.Context(), token); err != nil {
			t.Errorf("while the provider is away: %v", err)
		}
	}
}

// TestProviderIsAway: before its keys were read once, no token is refused for good.
func TestProviderIsAway(t *testing.T) {
	p := newProvider(t)
	p.fails.Store(true)
	g := newGuard(t, func(o *access.Options) { o.SecretFiles, o.JWKSURL = nil, p.URL })
	k, published := key(t, "1")
	p.publish(published)
	token := sign(t, jwt.SigningMethodES256, k, claims(nil), map[string]any{"kid": "1"})
	for range 2 {
		if _, err := g.Token(t.Context(), token); !errors.Is(err, access.ErrUnavailable) {
			t.Errorf("while the provider is away: %v", err)
		}
	}
	p.fails.Store(false)
	if _, err := g.Token(t.Context(), token); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}

func TestProviderAddress(t *testing.T) {
	for address, want := range map[string]string{
		"http://id.example.org/keys":  "expected https",
		"ftp://id.example.org/keys":   "expected a URL",
		"https://a:b@id.example.org/": "without a password",
		"keys":                        "expected a URL",
		"http://192.0.2.1/keys":       "expected https",
	} {
		_, err := access.New(access.Options{Tokens: true, JWKSURL: address})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--jwks-url") {
			t.Errorf("%s: %v; want %q", address, err, want)
		}
	}
	if _, err := access.New(access.Options{Tokens: true}); err == nil || !strings.Contains(err.Error(), "--jwt-secret-file") {
		t.Errorf("with nothing to verify with: %v", err)
	}
}
