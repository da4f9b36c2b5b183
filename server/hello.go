package server

import (
	"penstock/access"
	"penstock/protocol"
	"penstock/serving"
)

// hello tells a client what is served to it at a moment and within which limits.
func (s *Server) hello(session string, now *serving.Snapshot, grants *access.Grants) []byte {
	h := protocol.Hello{
		Type: "hello", Session: session, Models: []protocol.HelloItem{},
		Limits: protocol.HelloLimits{MaxRows: s.opt.MaxRows, MaxBytes: s.opt.MaxMessageBytes},
	}
	if d := now.Default(); d != nil {
		h.Limits.Window = d.Pool.Options().Window
	}
	for _, d := range now.Deployments {
		if !grants.Knows(d.Spec.Name) {
			continue
		}
		spec := &d.Spec
		h.Models = append(h.Models, protocol.HelloItem{
			Name: spec.Name, Version: spec.Version, Task: d.Task(),
			Features: spec.Features, Classes: notNil(spec.First().Classes),
			Outputs: outputsOf(spec), Columns: columnsOf(spec), Missing: spec.AnyMissing(),
		})
	}
	return protocol.Encode(h)
}
