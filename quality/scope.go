package quality

import "hash/maphash"

// Scope is the owner of request ids: two scopes may use the same id, and a
// label finds only the predictions of its own scope. Scopes are hashes with
// the store's random seed; they mean nothing to another store or process.
type Scope uint64

type owner struct {
	kind          byte
	user, session string
	connection    uint64
}

// Scope returns the scope of a user's named session, the same on every call:
// labels sent after a reconnect still find their predictions. The user is
// empty where nobody authenticates.
func (s *Store) Scope(user, session string) Scope {
	return Scope(maphash.Comparable(s.seed, owner{kind: 's', user: user, session: session}))
}

// ConnectionScope returns a scope of its own for a connection without a named
// session. No later call returns it again.
func (s *Store) ConnectionScope() Scope {
	return Scope(maphash.Comparable(s.seed, owner{kind: 'c', connection: s.connections.Add(1)}))
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
