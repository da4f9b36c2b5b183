package server

import "penstock/protocol"

// hello tells a client what is served and within which limits.
func (s *Server) hello(session string) []byte {
	h := protocol.Hello{
		Type: "hello", Session: session, Models: []protocol.HelloItem{},
		Limits: protocol.HelloLimits{MaxRows: s.opt.MaxRows, MaxBytes: s.opt.MaxMessageBytes},
	}
	now := s.service.Catalog.Now()
	if d := now.Default(); d != nil {
		h.Limits.Window = d.Pool.Options().Window
	}
	for _, d := range now.Deployments {
		spec := &d.Spec
		h.Models = append(h.Models, protocol.HelloItem{
			Name: spec.Name, Version: spec.Version, Task: d.Task(),
			Features: spec.Features, Classes: notNil(spec.First().Classes),
			Outputs: outputsOf(spec), Columns: columnsOf(spec), Missing: spec.AnyMissing(),
		})
	}
	return protocol.Encode(h)
}
