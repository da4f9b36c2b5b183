package server

import (
	"penstock/model"
	"penstock/protocol"
)

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
		classes := m.spec.First().Classes
		if classes == nil {
			classes = []string{}
		}
		h.Models = append(h.Models, protocol.HelloItem{
			Name: m.name, Version: m.spec.Version, Task: taskOf(m.spec),
			Features: m.spec.Features, Classes: classes,
		})
	}
	return protocol.Encode(h)
}

// taskOf is a model's task in the words of the wire.
func taskOf(spec model.Spec) string {
	if spec.First().Kind == model.Values {
		return "regression"
	}
	return "classification"
}
