package quality

import "hash/maphash"

// Scope is the owner of request ids: two scopes may use the same id, and a
// label finds only the predictions of its own scope. Scopes are hashes with
// the store's random seed; they mean nothing to another store or process.
type Scope uint64

type owner struct{ user, session string }

// Scope returns the scope of a user's session, the same on every call: labels
// sent after a reconnect still find their predictions. A connection without a
// named session is a session of its own, by a name that no client may choose.
func (s *Store) Scope(user, session string) Scope {
	return Scope(maphash.Comparable(s.seed, owner{user, session}))
}

// key joins a scope with a request id. Keys have 64 bits under a random seed
// that clients cannot learn. With 2^18 predictions remembered, a new one
// collides with another, or a label for an unknown id hits a stranger's
// prediction, once in 2^46 times: at 400,000 a second, once in 5.6 years. The
// older of two colliding predictions is then lost.
func (s *Store) key(scope Scope, id []byte) uint64 {
	return maphash.Bytes(s.seed, id) ^ uint64(scope)
}

// anonymous reports that a request carried no id, so that no label can name it.
func anonymous(id []byte) bool { return len(id) == 0 || string(id) == "null" }
