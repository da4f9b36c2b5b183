package server

import (
	"log/slog"
	"net/http"
	"time"

	"penstock/access"
	"penstock/protocol"
	"penstock/server/socket"
	"penstock/server/watch"
	"penstock/serving"
)

// newDashboards makes those who watch, with what they may ask of this server.
func (s *Server) newDashboards() (*watch.Dashboards, error) {
	return watch.New(watch.Options{
		Monitor: s.opt.Monitor, Bus: s.opt.Bus, Audience: s.audience, Registerer: s.opt.Registerer,
		Hello:  func(guest *access.Session) []byte { return s.hello("", s.service.Catalog.Now(), guest.Grants()) },
		Renew:  s.renew,
		Refuse: s.accessRefusal,
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
		FreezeCalibration: func(model string, frozen bool) *protocol.Error {
			d := s.deployment(model)
			if d == nil {
				return protocol.Errorf(protocol.UnknownModel, "no model is named %.40q", model)
			}
			if !s.service.Quality.Freeze(d.Series, frozen) {
				return protocol.Errorf(protocol.BadMessage, "model %.40q has no calibration: its first output is not of kind class", model)
			}
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
	needs := access.Dashboard
	s.admit(w, r, visit{
		endpoint: socket.Endpoint{MaxMessageBytes: min(watch.MaxMessageBytes, s.opt.MaxMessageBytes), Notices: true},
		needs:    &needs,
		serve:    s.dashboards.Serve,
	})
}

// serveEvents holds a place for a stream of events until the hub closes, or the guest's
// time is over.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request, guest *access.Session) {
	if err := guest.May(access.Dashboard, "", time.Time{}); err != nil {
		s.refuseHTTP(w, r, err)
		return
	}
	if r.Method == http.MethodHead { // there is no end to wait for, and nothing to hold a place for
		watch.EventHeaders(w.Header())
		return
	}
	place, ok := s.reserve(w, r, s.visitorAs(guest, r))
	if !ok {
		return
	}
	defer place.Release()
	ctx, cancel := s.hub.UntilClosing(r.Context())
	defer cancel()
	guest.Watch(listener(cancel))
	s.dashboards.ServeEvents(w, r.WithContext(ctx), guest)
}

// listener ends a stream of events with its guest's time: there is no way to renew
// that but to come again.
type listener func()

// Expiring implements access.Watcher.
func (listener) Expiring(time.Time) {}

// End implements access.Watcher.
func (l listener) End(access.Reason) { l() }
