package server

import "penstock/protocol"

// hello tells a client what is served and within which limits.
func (s *Server) hello(session string) []byte {
	h := protocol.Hello{
		Type: "hello", Session: session,
		Limits: protocol.HelloLimits{
			Window:   s.models[0].pool.Options().Window,
			MaxRows:  s.opt.MaxRows,
			MaxBytes: s.opt.MaxMessageBytes,
		},
	}
	for _, m := range s.models {
		classes := m.spec.Classes
		if classes == nil {
			classes = []string{}
		}
		h.Models = append(h.Models, protocol.HelloItem{
			Name: m.name, Version: m.spec.Version, Task: string(m.spec.Task),
			Features: m.spec.Features, Classes: classes,
		})
	}
	return protocol.Encode(h)
}
