package server

import (
	"net/http"
	"net/netip"

	"penstock/access"
	"penstock/server/accept"
	"penstock/server/socket"
	"penstock/serving"
)

// client returns the address that a request comes from: the peer's, or the one
// that a trusted proxy speaks for.
func (s *Server) client(r *http.Request) (netip.Addr, bool) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false // no network's address, such as that of a pipe
	}
	return s.proxies.Client(at.Addr().Unmap(), r.Header), true
}

// address returns who sends a request, for whatever is shared out among those who have
// not said who they are.
func (s *Server) address(r *http.Request) string {
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

// visitor tells whose a connection would be.
func (s *Server) visitor(r *http.Request) socket.Visitor {
	v := socket.Visitor{Share: s.address(r), TLS: r.TLS != nil}
	if address, ok := s.client(r); ok && !s.proxies.Exempt(address) {
		v.Caller = accept.Caller(address)
	}
	return v
}

// visitorAs is visitor for a guest, who shares with himself.
func (s *Server) visitorAs(guest *access.Session, r *http.Request) socket.Visitor {
	v := s.visitor(r)
	v.Share = guest.Share()
	return v
}

// callerOf is a guest who sends requests whose ids are known by a name: that of a
// session, or what stands for one and cannot be one.
func (s *Server) callerOf(guest *access.Session, name string) serving.Caller {
	user := guest.User()
	return serving.Caller{
		User: user, Share: guest.Share(), Name: name,
		Scope: s.service.Quality.Scope(user, name), Rights: guest,
	}
}
