package access

import (
	"context"
	"slices"

	"github.com/MicahParks/jwkset"
)

// signers holds an identity provider's keys that are for signatures. Others, which are
// for encryption or for algorithms that are not known here, may be in the same set, and
// whoever can make their owner use one must not have made a token by it.
type signers struct{ *jwkset.MemoryJWKSet }

// KeyReplaceAll is how all keys come.
func (s signers) KeyReplaceAll(ctx context.Context, given []jwkset.JWK) error {
	given = slices.DeleteFunc(given, func(key jwkset.JWK) bool { return !forSignatures(key.Marshal()) })
	return s.MemoryJWKSet.KeyReplaceAll(ctx, given)
}

// forSignatures reports whether a key's owner lets signatures of a known algorithm be
// verified with it (RFC 7517, sections 4.2 to 4.4). What it does not say, it allows.
func forSignatures(key jwkset.JWKMarshal) bool {
	known := []jwkset.ALG{"", rs256, es256, eddsa}
	return slices.Contains(known, key.ALG) && (key.USE == "" || key.USE == jwkset.UseSig) &&
		(len(key.KEYOPS) == 0 || slices.Contains(key.KEYOPS, jwkset.KeyOpsVerify))
}
