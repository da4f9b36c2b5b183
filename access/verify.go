package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MaxToken is the longest token that is looked at, in bytes.
	MaxToken = 8 << 10
	// clockSkew is how far the clock of an issuer may be ahead. None is allowed at a
	// token's end.
	clockSkew = time.Minute
	// LongestLife is how far away a token's end may be.
	LongestLife = 366 * 24 * time.Hour
	longestKid  = 256
)

// verifier checks tokens that are signed.
type verifier struct {
	files  fileKeys // never changed
	issuer *issuer  // nil without --jwks-url
	parser *jwt.Parser
}

// newVerifier returns one for keys, of which there is one at least. Empty names of
// issuer and audience are not asked for.
func newVerifier(files fileKeys, remote *issuer, issuerName, audience string) *verifier {
	algorithms := []string{}
	for _, name := range []string{hs256, rs256, es256, eddsa} {
		if len(files[name]) > 0 || remote != nil && name != hs256 {
			algorithms = append(algorithms, name)
		}
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(algorithms), jwt.WithStrictDecoding(), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(clockSkew),
	}
	if issuerName != "" {
		options = append(options, jwt.WithIssuer(issuerName))
	}
	if audience != "" {
		options = append(options, jwt.WithAudience(audience))
	}
	return &verifier{files: files, issuer: remote, parser: jwt.NewParser(options...)}
}

// verify returns who a token is about. Errors are *RefusedError and ErrUnavailable.
func (v *verifier) verify(ctx context.Context, token string) (*Identity, error) {
	if strings.Count(token, ".") != 2 {
		return nil, refuse(Malformed)
	}
	said := &claims{}
	_, err := v.parser.ParseWithClaims(token, said, func(t *jwt.Token) (any, error) { return v.keys(ctx, t) })
	if errors.Is(err, ErrUnavailable) {
		return nil, ErrUnavailable
	}
	if err != nil {
		return nil, refuse(reasonOf(err))
	}
	exp, err := said.GetExpirationTime()
	now := time.Now()
	switch {
	case err != nil || exp.After(now.Add(LongestLife)):
		return nil, refuse(Lifetime)
	case !now.Before(exp.Time):
		return nil, refuse(Expired)
	}
	return said.identity(exp.Time)
}

// reasons are those of the library's errors, the particular before the general.
var reasons = []struct {
	err    error
	reason Reason
}{
	{errAlgorithm, Algorithm}, {errUnknownKey, UnknownKey}, {errHeader, Malformed}, {jwt.ErrTokenMalformed, Malformed},
	{jwt.ErrTokenSignatureInvalid, Signature}, {jwt.ErrTokenRequiredClaimMissing, Lifetime},
	{jwt.ErrTokenExpired, Expired}, {jwt.ErrTokenNotValidYet, NotYet}, {jwt.ErrTokenUsedBeforeIssued, NotYet},
	{jwt.ErrTokenInvalidIssuer, Issuer}, {jwt.ErrTokenInvalidAudience, Audience}, {jwt.ErrTokenUnverifiable, Algorithm},
}

func reasonOf(err error) Reason {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.reason
		}
	}
	return Malformed
}

var (
	errAlgorithm  = errors.New("no key here is for this algorithm")
	errUnknownKey = errors.New("no key of this name is known")
	errHeader     = errors.New("the header has what a token may not have")
)

// forbidden are headers by which a token says how it wants to be verified: whoever
// made it would choose the key, or rules that are not known here (RFC 7515, sections
// 4.1.2 to 4.1.11).
var forbidden = []string{"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"}

// keys returns those that may have signed a token: of its algorithm alone.
func (v *verifier) keys(ctx context.Context, t *jwt.Token) (any, error) {
	for _, name := range forbidden {
		if _, there := t.Header[name]; there {
			return nil, errHeader
		}
	}
	kid, named := t.Header["kid"]
	name, isText := kid.(string)
	if named && (!isText || !validKid(name)) {
		return nil, errHeader
	}
	algorithm := t.Method.Alg()
	candidates := slices.Clone(v.files[algorithm])
	if v.issuer != nil && algorithm != hs256 {
		found, err := v.issuer.keys(ctx, name, t)
		if err != nil && len(candidates) == 0 {
			return nil, err
		}
		candidates = append(candidates, found...)
	}
	if len(candidates) == 0 {
		return nil, errAlgorithm
	}
	set := jwt.VerificationKeySet{}
	for _, key := range candidates {
		set.Keys = append(set.Keys, key)
	}
	return set, nil
}

// validKid keeps names of keys to what issuers use.
func validKid(name string) bool {
	return name != "" && len(name) <= longestKid && !strings.Contains(name, "..") &&
		!strings.ContainsFunc(name, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._~+/=:@-", r)
		})
}
