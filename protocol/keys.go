package protocol

import (
	"bytes"
	"hash/maphash"
	"unicode/utf8"
)

// MaxUnknownFields is how many fields a message may have that we do not know:
// some, since a newer client may send them.
const MaxUnknownFields = 64

// keySet remembers which unknown keys a message has had, by where they stand
// and by a hash that is drawn anew for every connection: a client cannot make
// the comparison of keys slow.
type keySet struct {
	seed  maphash.Seed
	drawn bool
	keys  []hashedKey
}

type hashedKey struct {
	hash uint64
	text text
}

// forget lets go of all keys' memory.
func (k *keySet) forget() { k.keys = nil }

// add remembers a key, and reports whether it is new.
func (k *keySet) add(s *scanner, key text) bool {
	if !k.drawn {
		k.seed, k.drawn = maphash.MakeSeed(), true
	}
	added := hashedKey{k.hash(s, key), key}
	for _, other := range k.keys {
		if other.hash == added.hash && bytes.Equal(s.bytesOf(other.text), s.bytesOf(key)) {
			return false
		}
	}
	k.keys = append(k.keys, added)
	return true
}

// hash is that of the key's characters, without a copy of them.
func (k *keySet) hash(s *scanner, key text) uint64 {
	raw := s.b[key.start:key.end]
	if !key.escaped {
		return maphash.Bytes(k.seed, raw)
	}
	var h maphash.Hash
	h.SetSeed(k.seed)
	var buf [64]byte
	plain := buf[:0]
	for len(raw) > 0 {
		r, n := rune(raw[0]), 1
		if r == '\\' {
			r, n = unescape(raw)
			plain = utf8.AppendRune(plain, r)
		} else {
			plain = append(plain, raw[0])
		}
		if raw = raw[n:]; len(plain) > len(buf)-utf8.UTFMax || len(raw) == 0 {
			_, _ = h.Write(plain)
			plain = plain[:0]
		}
	}
	return h.Sum64()
}
