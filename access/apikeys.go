package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// apiKeyPrefix begins every API key, so that one that was published by mistake is
// found, and is never taken for a signed token.
const apiKeyPrefix = "psk_"

// apiKeys are static keys by the SHA-256 of each. A plain hash is enough: a key has
// 256 random bits, which nobody can guess.
type apiKeys map[string]*Identity

// apiKeyEntry is a key in a file.
type apiKeyEntry struct {
	User    string    `yaml:"user"`
	SHA256  string    `yaml:"sha256"`
	Scopes  []string  `yaml:"scopes"`
	Roles   []string  `yaml:"roles"`
	Groups  []string  `yaml:"groups"`
	Expires time.Time `yaml:"expires"`
}

// readAPIKeys reads a file of keys.
func readAPIKeys(path string) (apiKeys, error) {
	text, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	keys, err := parseAPIKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

func parseAPIKeys(text []byte) (apiKeys, error) {
	var file struct {
		Keys []apiKeyEntry `yaml:"keys"`
	}
	if err := parseYAML(text, &file); err != nil {
		return nil, err
	}
	keys := apiKeys{}
	for i, e := range file.Keys {
		hash := strings.ToLower(e.SHA256)
		sum, err := hex.DecodeString(hash)
		switch {
		case !ValidUser(e.User):
			err = errors.New("user: expected a name of 1 to 128 bytes that can be shown")
		case err != nil || len(sum) != sha256.Size:
			err = errors.New("sha256: expected the SHA-256 of the key in 64 hexadecimal digits, as penstock token --api-key writes it")
		case keys[hash] != nil:
			err = errors.New("sha256: this key stands twice")
		default:
			err = checkScopes(e.Scopes)
		}
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		keys[hash] = &Identity{
			User: e.User, Until: e.Expires, key: hash, scopes: e.Scopes, roles: e.Roles, groups: e.Groups,
		}
	}
	return keys, nil
}

// find returns whose a key is. Errors are *RefusedError.
func (k apiKeys) find(key string) (*Identity, error) {
	id := k[hashOfKey(key)]
	switch {
	case id == nil:
		return nil, refuse(UnknownKey)
	case !id.Until.IsZero() && !time.Now().Before(id.Until):
		return nil, refuse(Expired)
	}
	return id, nil
}

func hashOfKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// NewAPIKey makes a key, and the hash that a file of keys has of it.
func NewAPIKey() (key, hash string) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // which never fails
	key = apiKeyPrefix + base64.RawURLEncoding.EncodeToString(random)
	return key, hashOfKey(key)
}
