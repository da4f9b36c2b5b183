package access

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"penstock/lockorder"
)

// Options configure a Guard. Each field is a flag of penstock serve, whose name errors
// give.
type Options struct {
	// Tokens asks everybody for one: --auth token. Without, all are Anonymous, and what
	// follows but for Limits is not read.
	Tokens bool

	SecretFiles    []string // --jwt-secret-file
	PublicKeyFiles []string // --jwt-public-key
	JWKSURL        string   // --jwks-url
	Issuer         string   // --jwt-issuer; empty: any
	Audience       string   // --jwt-audience; empty: any
	APIKeysFile    string   // --api-keys-file
	PolicyFile     string   // --roles
	Certificates   bool     // client certificates name users: --tls-client-ca
	DataDir        string   // --data-dir: revocations outlive the process there

	// Limits hold for each user who has none of his own in PolicyFile; without tokens,
	// for each address.
	Limits Limits
	// Log takes one line per event. Default: none.
	Log *slog.Logger
}

// Guard lets callers in. It is safe for concurrent use.
type Guard struct {
	opt     Options
	proofs  atomic.Pointer[proofs] // nil where nobody proves anything
	policy  atomic.Pointer[Policy]
	issuer  *issuer // nil without JWKSURL
	revoked *revocations
	nobody  *standing // of everybody, where nobody is asked

	mu    lockorder.Mutex[lockorder.Guard]
	users map[string]*account // by their share
}

// proofs are what tokens are compared with.
type proofs struct {
	signed *verifier // nil where there are API keys alone
	keys   apiKeys
}

// New reads the files. It starts nothing; see Run.
func New(opt Options) (*Guard, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	g := &Guard{opt: opt, users: make(map[string]*account)}
	g.policy.Store(&Policy{})
	folder := opt.DataDir
	if !opt.Tokens {
		folder = "" // there is nothing to revoke
	}
	var err error
	if g.revoked, err = newRevocations(folder); err != nil {
		return nil, fmt.Errorf("--data-dir: %w", err)
	}
	if !opt.Tokens {
		g.nobody = g.standing(anonymous())
		return g, nil
	}
	if opt.JWKSURL != "" {
		if g.issuer, err = newIssuer(opt.JWKSURL, opt.Log); err != nil {
			return nil, fmt.Errorf("--jwks-url: %w", err)
		}
	}
	if len(opt.SecretFiles)+len(opt.PublicKeyFiles) == 0 && opt.JWKSURL == "" && opt.APIKeysFile == "" && !opt.Certificates {
		return nil, errors.New("--auth token needs something to verify tokens with: --jwt-secret-file, --jwt-public-key, --jwks-url, --api-keys-file or --tls-client-ca")
	}
	return g, g.Reload()
}

// Files are those that Reload reads.
func (g *Guard) Files() []string {
	if !g.opt.Tokens {
		return nil
	}
	files := append(append([]string{}, g.opt.SecretFiles...), g.opt.PublicKeyFiles...)
	for _, path := range []string{g.opt.APIKeysFile, g.opt.PolicyFile} {
		if path != "" {
			files = append(files, path)
		}
	}
	return files
}

// Reload reads the files again. On an error all stays as it was; else tokens are
// compared with the new keys, who is in has the rights of the new roles, and those
// whose API key is gone are shown out.
func (g *Guard) Reload() error {
	opt, is := &g.opt, &proofs{}
	files, err := readKeys(opt.SecretFiles, opt.PublicKeyFiles)
	if err != nil {
		return fmt.Errorf("--jwt-secret-file or --jwt-public-key: %w", err)
	}
	if len(files) > 0 || g.issuer != nil {
		is.signed = newVerifier(files, g.issuer, opt.Issuer, opt.Audience)
	}
	if opt.APIKeysFile != "" {
		if is.keys, err = readAPIKeys(opt.APIKeysFile); err != nil {
			return fmt.Errorf("--api-keys-file: %w", err)
		}
	}
	policy := &Policy{}
	if opt.PolicyFile != "" {
		if policy, err = ReadPolicy(opt.PolicyFile); err != nil {
			return fmt.Errorf("--roles: %w", err)
		}
	}
	g.proofs.Store(is)
	g.policy.Store(policy)
	g.reconsider(is.keys)
	return nil
}

// reconsider gives sessions the rights and limits of the policy as it is now, and ends
// those of API keys that are gone.
func (g *Guard) reconsider(keys apiKeys) {
	for _, s := range g.sessions(func(*Session) bool { return true }) {
		until := s.Expires()
		s.restand(func(id *Identity) *Identity {
			if now := keys[id.key]; id.key != "" && now != nil && now.User == id.User {
				return now
			}
			return id
		})
		if !g.knows(s.Identity()) {
			s.end(Revoked, ErrRevoked)
		}
		if !s.Expires().Equal(until) {
			s.arm()
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range g.users {
		a.limit(g.limitsOf(a))
	}
}

// Run keeps the keys of an identity provider fresh, and forgets users who have gone,
// until ctx ends.
func (g *Guard) Run(ctx context.Context) {
	if g.issuer != nil {
		done := make(chan struct{})
		defer func() { <-done }()
		go func() {
			defer close(done)
			g.issuer.run(ctx)
		}()
	}
	tick := time.NewTicker(forgetAfter)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			g.forget()
		}
	}
}

// Asks reports whether callers need a token.
func (g *Guard) Asks() bool { return g.opt.Tokens }

// Anonymous is who everybody is where nobody is asked.
func (g *Guard) Anonymous() *Identity {
	if g.nobody == nil {
		return anonymous()
	}
	return g.nobody.identity
}

// Token returns who a token or an API key is about. Errors are *RefusedError, whatever
// is wrong with it, and ErrUnavailable, where that cannot be found out now.
func (g *Guard) Token(ctx context.Context, token string) (*Identity, error) {
	is := g.proofs.Load()
	var id *Identity
	var err error
	switch {
	case is == nil || token == "":
		return nil, refuse(Missing)
	case len(token) > MaxToken:
		return nil, refuse(TooLong)
	case strings.HasPrefix(token, apiKeyPrefix):
		id, err = is.keys.find(token)
	case is.signed == nil:
		return nil, refuse(Algorithm)
	default:
		id, err = is.signed.verify(ctx, token)
	}
	if err == nil && g.revoked.hold(id) {
		return nil, refuse(Revoked)
	}
	return id, err
}

// Certificate returns who a client's certificate is about, which the caller has
// verified: its first name among those of kind URI and e-mail, else its common name.
func (g *Guard) Certificate(c *x509.Certificate) (*Identity, error) {
	name := c.Subject.CommonName
	switch {
	case len(c.URIs) > 0:
		name = c.URIs[0].String()
	case len(c.EmailAddresses) > 0:
		name = c.EmailAddresses[0]
	}
	if !ValidUser(name) {
		return nil, refuse(Subject)
	}
	id := &Identity{User: name, Until: c.NotAfter}
	switch {
	case !time.Now().Before(c.NotAfter):
		return nil, refuse(Expired)
	case g.revoked.hold(id):
		return nil, refuse(Revoked)
	}
	return id, nil
}

// Revoke refuses what a revocation names from now on, and ends the sessions that it
// concerns. It returns how many connections they were. Where an error says that the
// revocation cannot be written down, it holds for this process.
func (g *Guard) Revoke(one Revocation) (ended int, err error) {
	one.At = time.Now()
	if one.Until.IsZero() && one.Token != "" {
		one.Until = one.At.Add(LongestLife) // when no token can be valid that is older
	}
	err = g.revoked.add(one)
	for _, s := range g.sessions(func(s *Session) bool { return g.revoked.hold(s.Identity()) }) {
		if s.end(Revoked, ErrRevoked) && s.socket {
			ended++
		}
	}
	return ended, err
}

// Restore takes a revocation of a user back, and reports whether there was one.
func (g *Guard) Restore(user string) (bool, error) { return g.revoked.restore(Revocation{User: user}) }

// sessions returns those that a condition holds for.
func (g *Guard) sessions(wanted func(*Session) bool) (list []*Session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range g.users {
		for s := range a.sessions {
			if wanted(s) {
				list = append(list, s)
			}
		}
	}
	return list
}
