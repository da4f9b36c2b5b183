package server

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"penstock/access"
)

// proof is what a request brings to show who sends it.
type proof struct {
	token string
	given bool
	many  bool // more than one: which of them is meant, nobody can tell
}

func (p *proof) add(token string) {
	p.many = p.many || p.given
	p.token, p.given = token, true
}

// tokenProtocol begins an entry of Sec-WebSocket-Protocol that is no subprotocol but a
// token, in base64url: browsers can send nothing else with a handshake.
const tokenProtocol = "base64url.bearer.authorization.penstock." //nolint:gosec // it is not a token

type proofKey struct{}

// withProof takes what proves who sends a request out of it, and keeps it in its
// context: nothing that logs, answers or compares headers and URLs sees a token.
func withProof(r *http.Request) *http.Request {
	var p proof
	for _, header := range r.Header.Values("Authorization") {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			token = "" // which is refused
		}
		p.add(strings.TrimSpace(token))
	}
	r.Header.Del("Authorization")
	p.takeFromQuery(r)
	p.takeFromProtocols(r)
	if !p.given {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), proofKey{}, &p))
}

// takeFromQuery takes ?token=… out of the address. A query that cannot be read is left
// as it is, and refused elsewhere, but for what may be a token.
func (p *proof) takeFromQuery(r *http.Request) {
	if !strings.Contains(r.URL.RawQuery, "token") && !strings.Contains(r.URL.RawQuery, "%") {
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	tokens := query["token"]
	if len(tokens) == 0 {
		return
	}
	for _, token := range tokens {
		p.add(token)
	}
	delete(query, "token")
	if r.URL.RawQuery = query.Encode(); err != nil {
		r.URL.RawQuery = "%" // still unreadable
	}
	r.RequestURI = r.URL.RequestURI()
}

// takeFromProtocols takes the token out of the subprotocols that a client offers.
func (p *proof) takeFromProtocols(r *http.Request) {
	offered := r.Header.Values("Sec-WebSocket-Protocol")
	if !strings.Contains(strings.Join(offered, ","), tokenProtocol) {
		return
	}
	var kept []string
	for entry := range strings.SplitSeq(strings.Join(offered, ","), ",") {
		entry = strings.TrimSpace(entry)
		encoded, isToken := strings.CutPrefix(entry, tokenProtocol)
		if !isToken {
			kept = append(kept, entry)
			continue
		}
		token, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
		if err != nil {
			token = nil // which is refused
		}
		p.add(string(token))
	}
	r.Header.Del("Sec-WebSocket-Protocol")
	if len(kept) > 0 {
		r.Header.Set("Sec-WebSocket-Protocol", strings.Join(kept, ", "))
	}
}

// identify returns who sends a request. Errors are *access.RefusedError; with the
// reason access.Missing the request brought nothing.
func (s *Server) identify(r *http.Request) (*access.Identity, error) {
	g := s.opt.Access
	if !g.Asks() {
		return g.Anonymous(), nil
	}
	p, _ := r.Context().Value(proofKey{}).(*proof)
	switch {
	case p != nil && (p.many || p.token == ""):
		return nil, &access.RefusedError{Reason: access.Malformed}
	case p != nil:
		return g.Token(r.Context(), p.token)
	case r.TLS != nil && len(r.TLS.VerifiedChains) > 0:
		return g.Certificate(r.TLS.PeerCertificates[0])
	}
	return nil, &access.RefusedError{Reason: access.Missing}
}
