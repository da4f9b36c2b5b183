package access

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// claims are what a token says, by names that are compared as they are spelt:
// encoding/json takes SUB for sub, and who may add claims to a token could choose his
// name.
type claims map[string]json.RawMessage

// UnmarshalJSON implements json.Unmarshaler.
func (c *claims) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, (*map[string]json.RawMessage)(c))
}

var errClaim = errors.New("a claim has the wrong type")

// date reads a time in seconds; nil where there is none.
func (c claims) date(name string) (*jwt.NumericDate, error) {
	raw, ok := c[name]
	if !ok || string(raw) == "null" {
		return nil, nil //nolint:nilnil // jwt's way to say that it is not there
	}
	var seconds float64
	if err := json.Unmarshal(raw, &seconds); err != nil {
		return nil, errClaim
	}
	const latest = 1e11 // beyond it, time.Time would come round again
	if math.Abs(seconds) > latest {
		return nil, errClaim
	}
	whole, part := math.Modf(seconds)
	return &jwt.NumericDate{Time: time.Unix(int64(whole), int64(part*float64(time.Second)))}, nil
}

func (c claims) text(name string) (string, error) {
	raw, ok := c[name]
	if !ok || string(raw) == "null" {
		return "", nil
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "", errClaim
	}
	return text, nil
}

// words reads a list of texts, or one text of words between spaces.
func (c claims) words(name string) ([]string, error) {
	raw, ok := c[name]
	if !ok || string(raw) == "null" {
		return nil, nil
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	text, err := c.text(name)
	return strings.Fields(text), err
}

// GetExpirationTime implements jwt.Claims, as do those that follow.
func (c claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.date("exp") }

// GetIssuedAt implements jwt.Claims.
func (c claims) GetIssuedAt() (*jwt.NumericDate, error) { return c.date("iat") }

// GetNotBefore implements jwt.Claims.
func (c claims) GetNotBefore() (*jwt.NumericDate, error) { return c.date("nbf") }

// GetIssuer implements jwt.Claims.
func (c claims) GetIssuer() (string, error) { return c.text("iss") }

// GetSubject implements jwt.Claims.
func (c claims) GetSubject() (string, error) { return c.text("sub") }

// GetAudience implements jwt.Claims.
func (c claims) GetAudience() (jwt.ClaimStrings, error) {
	list, err := c.words("aud")
	return list, err
}

// longestUser is the longest name in bytes.
const longestUser = 128

// ValidUser reports whether a text can be the name of a user: it is shown to others,
// and stands in logs.
func ValidUser(name string) bool {
	return name != "" && len(name) <= longestUser && utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}

// identity is who the token is about.
func (c claims) identity(exp time.Time) (*Identity, error) {
	id := &Identity{Until: exp}
	var err error
	if id.User, err = c.text("sub"); err != nil || !ValidUser(id.User) {
		return nil, refuse(Subject)
	}
	iat, err1 := c.date("iat")
	jti, err2 := c.text("jti")
	scopes, err3 := c.words("scope")
	roles, err4 := c.words("roles")
	groups, err5 := c.words("groups")
	if errors.Join(err1, err2, err3, err4, err5) != nil {
		return nil, refuse(Malformed)
	}
	if iat != nil {
		id.Issued = iat.Time
	}
	if len(jti) > longestID {
		return nil, refuse(Malformed)
	}
	id.id, id.scopes, id.roles, id.groups = jti, scopes, roles, groups
	return id, nil
}
