package access

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Token is what Mint writes into a token. Empty fields are left out.
type Token struct {
	User             string
	ID               string // to revoke it by; empty: a random one
	Scopes           []string
	Roles            []string
	Groups           []string
	Issuer, Audience string
	Issued, Expires  time.Time
}

// Mint signs a token with a secret, by HS256: for development, and for those who
// have no identity provider.
func Mint(secret []byte, t Token) (string, error) {
	switch {
	case !ValidUser(t.User):
		return "", fmt.Errorf("user %q: expected a name of 1 to %d bytes that can be shown", t.User, longestUser)
	case len(secret) < leastSecret:
		return "", fmt.Errorf("the secret has %d bytes; expected at least %d", len(secret), leastSecret)
	case t.Expires.After(t.Issued.Add(LongestLife)):
		return "", fmt.Errorf("the token would expire in %v; expected at most %v", t.Expires.Sub(t.Issued), LongestLife)
	case !t.Expires.After(t.Issued):
		return "", fmt.Errorf("the token would expire before it is issued; expected a time above 0s")
	}
	if err := checkScopes(t.Scopes); err != nil {
		return "", err
	}
	if t.ID == "" {
		t.ID = rand.Text()
	}
	said := jwt.MapClaims{"sub": t.User, "jti": t.ID, "iat": t.Issued.Unix(), "exp": t.Expires.Unix()}
	for name, text := range map[string]string{"iss": t.Issuer, "aud": t.Audience, "scope": strings.Join(t.Scopes, " ")} {
		if text != "" {
			said[name] = text
		}
	}
	for name, list := range map[string][]string{"roles": t.Roles, "groups": t.Groups} {
		if len(list) > 0 {
			said[name] = list
		}
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, said).SignedString(secret)
}
