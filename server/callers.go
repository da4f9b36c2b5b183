package server

import (
	"errors"
	"net/http"
	"net/netip"

	"penstock/server/accept"
	"penstock/server/budget"
)

var errManyOfCaller = errors.New("too many connections from this address")

// client returns the address that a request comes from: the peer's, or the one
// that a trusted proxy speaks for.
func (s *Server) client(r *http.Request) (netip.Addr, bool) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false // no network's address, such as that of a pipe
	}
	return s.proxies.Client(at.Addr().Unmap(), r.Header), true
}

// caller returns who asks, for whatever is shared out among callers: until
// there are users, the address that the request comes from.
func (s *Server) caller(r *http.Request) string {
	if address, ok := s.client(r); ok {
		return accept.Caller(address)
	}
	return r.RemoteAddr
}

// secure reports whether the client speaks TLS, to us or to a trusted proxy.
func (s *Server) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && s.proxies.Secure(at.Addr(), r.Header)
}

// place is one of the hub's, and of its caller's.
type place struct {
	server *Server
	caller string // empty where no limit per caller holds
	holder *budget.Holder
}

// place tells whose a place would be.
func (s *Server) place(r *http.Request) place {
	p := place{server: s}
	if address, ok := s.client(r); ok && !s.proxies.Exempt(address) {
		p.caller = accept.Caller(address)
	}
	return p
}

// take takes the place, and the memory for it, if both are there. It must be
// released then.
func (p *place) take(r *http.Request) error {
	s := p.server
	if s.draining.Load() {
		return errClosed
	}
	if !s.held.enter(p.caller) {
		return errManyOfCaller
	}
	err := s.hub.reserve()
	if err != nil {
		s.held.leave(p.caller)
		return err
	}
	p.holder = s.opt.Budget.Enter(s.caller(r))
	if !p.holder.Take(socketCost, true) {
		p.holder.Force(socketCost) // which release gives back
		p.release()
		return errNoMemory
	}
	return nil
}

func (p place) release() {
	p.holder.Give(socketCost)
	p.holder.Leave()
	p.server.held.leave(p.caller)
	p.server.hub.release() // last: the hub may be waited for
}
