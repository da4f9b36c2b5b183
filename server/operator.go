package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"penstock/reload"
)

// OperatorToken is what operators show at the address that is theirs alone: one
// token in a file, which is read again when it changes. Only its hash is kept.
type OperatorToken struct {
	path  string
	files *reload.Files
	hash  atomic.Pointer[[sha256.Size]byte]
}

// A token must not be guessed, and fit into a header with room to spare.
const (
	leastOperatorToken = 32
	mostOperatorToken  = 4096
)

// NewOperatorToken reads the token. Its error begins with the path, and does not
// repeat what is in the file. It starts nothing: see Run.
func NewOperatorToken(path string, log *slog.Logger) (*OperatorToken, error) {
	t := &OperatorToken{path: path}
	var err error
	t.files, err = reload.New([]string{path}, t.load, log)
	return t, err
}

// Run reads the token again when the file changes, until ctx ends.
func (t *OperatorToken) Run(ctx context.Context) { t.files.Run(ctx) }

func (t *OperatorToken) load() error {
	text, err := os.ReadFile(t.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such file; make one with: openssl rand -hex 32", t.path)
	case err != nil:
		return fmt.Errorf("%s: the token cannot be read: %w", t.path, err)
	}
	token := strings.TrimSpace(string(text))
	switch {
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("%s: expected one token of visible ASCII characters, without spaces; make one with: openssl rand -hex 32", t.path)
	case len(token) < leastOperatorToken || len(token) > mostOperatorToken:
		return fmt.Errorf("%s: the token has %d characters; expected %d to %d; make one with: openssl rand -hex 32",
			t.path, len(token), leastOperatorToken, mostOperatorToken)
	}
	hash := sha256.Sum256([]byte(token))
	t.hash.Store(&hash)
	return nil
}

// admits reports whether a request shows the token. How long that takes tells
// nothing about it: hashes are compared, whole.
func (t *OperatorToken) admits(r *http.Request) bool {
	if t == nil {
		return true
	}
	shown := r.Header.Values("Authorization")
	if len(shown) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(shown[0], " ")
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(hash[:], t.hash.Load()[:]) == 1
}
