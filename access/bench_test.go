package access_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"penstock/access"
)

// BenchmarkMessage is what rights and limits cost each message: with none of either,
// with a token, and with limits that are far away.
func BenchmarkMessage(b *testing.B) {
	limited := func(o *access.Options) {
		o.Limits = access.Limits{RowsPerSecond: 1 << 30, BytesPerSecond: 1 << 30}
	}
	for name, c := range map[string]struct {
		claims jwt.MapClaims
		change func(*access.Options)
	}{
		"token": {nil, nil}, "of one model": {jwt.MapClaims{"scope": "predict:digits"}, nil}, "limited": {nil, limited},
	} {
		b.Run(name, func(b *testing.B) {
			s := enter(b, newGuard(b, c.change), good(b, c.claims), true)
			defer s.Leave()
			arrived := time.Now()
			for b.Loop() {
				arrived = arrived.Add(time.Microsecond)
				if s.May(access.Predict, "digits", arrived) != nil || s.Spend(1, 500, arrived) != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}

// BenchmarkToken is what a handshake costs with a token.
func BenchmarkToken(b *testing.B) {
	g, token := newGuard(b, nil), good(b, nil)
	for b.Loop() {
		if _, err := g.Token(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
