package access

import (
	"context"
	"log/slog"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Signatures is the part of a Guard that looks at signatures, for tokens whose payload
// is not that of a token.
type Signatures struct{ v *verifier }

// NewSignatures takes secrets, and public keys from a JWKS URL, which may be empty.
func NewSignatures(ctx context.Context, secrets [][]byte, jwksURL string) (*Signatures, error) {
	files := fileKeys{}
	for _, secret := range secrets {
		files[hs256] = append(files[hs256], secret)
	}
	var remote *issuer
	if jwksURL != "" {
		var err error
		if remote, err = newIssuer(jwksURL, slog.New(slog.DiscardHandler)); err != nil {
			return nil, err
		}
		if err := remote.refresh(ctx); err != nil {
			return nil, err
		}
	}
	return &Signatures{newVerifier(files, remote, "", "")}, nil
}

// Verify is what a Guard does with a token.
func (s *Signatures) Verify(ctx context.Context, token string) error {
	_, err := s.v.verify(ctx, token)
	return err
}

// VerifySignature is Verify without the claims: with the same parser, the same choice of
// keys and the same methods. The library reads claims before it looks at a signature,
// so it is given some in place of the payload.
func (s *Signatures) VerifySignature(ctx context.Context, token string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return refuse(Malformed)
	}
	if _, err := s.v.parser.DecodeSegment(parts[1]); err != nil {
		return err
	}
	t, _, err := s.v.parser.ParseUnverified(parts[0]+".e30."+parts[2], &claims{})
	if err != nil {
		return err
	}
	keys, err := s.v.keys(ctx, t)
	if err != nil {
		return err
	}
	err = refuse(Signature)
	for _, key := range keys.(jwt.VerificationKeySet).Keys {
		if err = t.Method.Verify(parts[0]+"."+parts[1], t.Signature, key); err == nil {
			return nil
		}
	}
	return err
}

// ParseAPIKeys reads what stands in a file of API keys, and returns whose they are.
func ParseAPIKeys(text []byte) (users []string, err error) {
	keys, err := parseAPIKeys(text)
	for _, id := range keys {
		users = append(users, id.User)
	}
	return users, err
}
