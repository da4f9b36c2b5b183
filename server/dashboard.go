package server

import (
	"log/slog"
	"net/http"

	"penstock/protocol"
	"penstock/server/socket"
	"penstock/server/watch"
)

// newDashboards makes those who watch, with what they may ask of this server.
func (s *Server) newDashboards() (*watch.Dashboards, error) {
	return watch.New(watch.Options{
		Monitor: s.opt.Monitor, Bus: s.opt.Bus, Registerer: s.opt.Registerer,
		Hello:  func() []byte { return s.hello("") },
		Serves: func(model string) bool { return s.byName[model] != nil },
		AcceptBaseline: func(model string) *protocol.Error {
			s.opt.Quality.AcceptBaseline(s.byName[model].series)
			s.quiet.Log(slog.LevelInfo, "the present error of a model was accepted as its baseline", "model", model)
			return nil
		},
		CountError: s.metrics.countError,
	})
}

func (s *Server) serveDashboard(w http.ResponseWriter, r *http.Request, _ string) {
	conn, ok := s.connect(w, r, socket.Endpoint{
		MaxMessageBytes: min(watch.MaxMessageBytes, s.opt.MaxMessageBytes), Notices: true,
	})
	if ok {
		s.dashboards.Serve(conn, anonymous)
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
