package server

import (
	"log/slog"
	"net/http"

	"penstock/protocol"
	"penstock/server/socket"
	"penstock/server/watch"
	"penstock/serving"
)

// newDashboards makes those who watch, with what they may ask of this server.
func (s *Server) newDashboards() (*watch.Dashboards, error) {
	return watch.New(watch.Options{
		Monitor: s.opt.Monitor, Bus: s.opt.Bus, Registerer: s.opt.Registerer,
		Hello:  func() []byte { return s.hello("", s.service.Catalog.Now()) },
		Serves: func(model string) bool { return s.deployment(model) != nil },
		AcceptBaseline: func(model string) *protocol.Error {
			d := s.deployment(model)
			if d == nil { // it has gone since it was asked for
				return protocol.Errorf(protocol.UnknownModel, "no model is named %.40q", model)
			}
			s.service.Quality.AcceptBaseline(d.Series)
			s.quiet.Log(slog.LevelInfo, "the present error of a model was accepted as its baseline", "model", model)
			return nil
		},
		CountError: s.metrics.countError,
	})
}

// deployment finds a model by its name; nil where there is none.
func (s *Server) deployment(name string) *serving.Deployment {
	if name == "" {
		return nil
	}
	return s.service.Catalog.Now().Find([]byte(name))
}

func (s *Server) serveDashboard(w http.ResponseWriter, r *http.Request, _ string) {
	conn, ok := s.connect(w, r, socket.Endpoint{
		MaxMessageBytes: min(watch.MaxMessageBytes, s.opt.MaxMessageBytes), Notices: true,
	})
	if ok {
		s.dashboards.Serve(conn, serving.Anonymous)
	}
}

// serveEvents holds a place for a stream of events until the hub closes.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // there is no end to wait for, and nothing to hold a place for
		watch.EventHeaders(w.Header())
		return
	}
	place, ok := s.reserve(w, r)
	if !ok {
		return
	}
	defer place.Release()
	ctx, cancel := s.hub.UntilClosing(r.Context())
	defer cancel()
	s.dashboards.ServeEvents(w, r.WithContext(ctx))
}
