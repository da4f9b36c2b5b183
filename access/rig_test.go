package access_test

import (
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"penstock/access"
)

// secret signs the tokens of tests.
var secret = []byte(strings.Repeat("0123456789abcdef", 4))

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// file writes a file for the test.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// newGuard asks for tokens that are signed with secret, and whatever change adds.
func newGuard(t testing.TB, change func(*access.Options)) *access.Guard {
	t.Helper()
	opt := access.Options{Tokens: true, SecretFiles: []string{file(t, "secret", string(secret)+"\n")}}
	if change != nil {
		change(&opt)
	}
	g, err := access.New(opt)
	must(t, err)
	return g
}

// sign makes a token of claims, with more in its header.
func sign(t testing.TB, method jwt.SigningMethod, key crypto.PrivateKey, said jwt.MapClaims, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, said)
	for name, value := range header {
		token.Header[name] = value
	}
	text, err := token.SignedString(key)
	must(t, err)
	return text
}

// claims are those of a token that is good for an hour, with some changed; nil takes
// one away.
func claims(change jwt.MapClaims) jwt.MapClaims {
	said := jwt.MapClaims{"sub": "ann", "exp": time.Now().Add(time.Hour).Unix(), "scope": "predict feedback:digits"}
	for name, value := range change {
		if said[name] = value; value == nil {
			delete(said, name)
		}
	}
	return said
}

func good(t testing.TB, change jwt.MapClaims) string {
	t.Helper()
	return sign(t, jwt.SigningMethodHS256, secret, claims(change), nil)
}

// mustRefuse checks why a token is refused, and that it is not told.
func mustRefuse(t *testing.T, g *access.Guard, token string, want access.Reason) {
	t.Helper()
	id, err := g.Token(t.Context(), token)
	var refused *access.RefusedError
	if !errors.As(err, &refused) || refused.Reason != want || id != nil {
		t.Errorf("%v, %v; want refused for %s", id, err, want)
		return
	}
	if text := (&access.RefusedError{}).Error(); err.Error() != text {
		t.Errorf("the refusal says %q; want the same for every reason, %q", err, text)
	}
}

// enter lets somebody in with a token.
func enter(t testing.TB, g *access.Guard, token string, socket bool) *access.Session {
	t.Helper()
	id, err := g.Token(t.Context(), token)
	must(t, err)
	s, err := g.Enter(id, access.Entry{Share: "192.0.2.1", Socket: socket})
	must(t, err)
	return s
}
