package quality

import (
	"encoding/binary"

	"github.com/dchest/siphash"
)

// Scope is the owner of request ids: two scopes may use the same id, and a
// label finds only the predictions of its own scope. Scopes are hashes under the
// store's key; they mean nothing to a store with another. They are secret: who
// knows one could make ids that collide.
type Scope struct{ high, low uint64 }

// Scope returns the scope of a user's session, the same on every call: labels
// sent after a reconnect still find their predictions. A connection without a
// named session is a session of its own, by a name that no client may choose.
func (s *Store) Scope(user, session string) Scope {
	// The length keeps ("ab", "c") and ("a", "bc") apart.
	text := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(user)+len(session)), uint64(len(user)))
	text = append(append(text, user...), session...)
	var scope Scope
	scope.high, scope.low = siphash.Hash128(s.key[0], s.key[1], text)
	return scope
}

// key is what a prediction is found by.
type key struct{ high, low uint64 }

// key joins a scope with a request id: the id hashed by SipHash-2-4 (Aumasson
// and Bernstein, SipHash: a fast short-input PRF, 2012) to 128 bits under the
// scope, which is itself such a hash under a key that clients do not know. With
// 2^30 predictions remembered, a new one collides with another, or a label for an
// unknown id hits a stranger's prediction, once in 2^98 times.
func (s Scope) key(id []byte) (k key) {
	k.high, k.low = siphash.Hash128(s.high, s.low, id)
	return k
}

// voice is a caller's number, the same in every process with the same key.
func (s *Store) voice(caller string) uint64 {
	return siphash.Hash(s.key[0], s.key[1], []byte(caller))
}

// anonymous reports that a request carried no id, so that no label can name it.
func anonymous(id []byte) bool { return len(id) == 0 || string(id) == "null" }

// Bytes are what a store on disk keeps of a scope, to make it again with ScopeFrom:
// good for as long as the key of the Store is the same.
func (s Scope) Bytes() (b [16]byte) {
	binary.LittleEndian.PutUint64(b[:8], s.high)
	binary.LittleEndian.PutUint64(b[8:], s.low)
	return b
}

// ScopeFrom is the scope of which Bytes were kept.
func ScopeFrom(b [16]byte) Scope {
	return Scope{high: binary.LittleEndian.Uint64(b[:8]), low: binary.LittleEndian.Uint64(b[8:])}
}
