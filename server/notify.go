package server

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/access"
	"penstock/protocol"
	"penstock/server/audience"
	"penstock/server/manners"
)

// noticesPerSecond bounds notifications, so many of which may come at once: each may go
// to every connection.
const noticesPerSecond = 100

// operator is who sends what comes in at the admin address.
const operator = "operator"

// Notify is POST /v1/notify for operators: {"user": NAME, "text": TEXT} or {"group": NAME,
// "text": TEXT}, with "data" of any kind, is told to all connections of a user, or to
// those that have joined a group, as a notice of code notification. The answer says how
// many took it, and whether it waits for a user who is away.
func (s *Server) Notify(w http.ResponseWriter, r *http.Request) { s.notify(w, r, operator) }

// serveNotify is Notify for those whose token grants admin.
func (s *Server) serveNotify(w http.ResponseWriter, r *http.Request, guest *access.Session) {
	s.notify(w, r, guest.User())
}

func (s *Server) notify(w http.ResponseWriter, r *http.Request, from string) {
	expectBody(w, time.Now().Add(bodyTimeout))
	ask, refused := readNotify(w, r)
	if refused == nil {
		refused = manners.Limited(s.notices, "too many notifications")
	}
	if refused != nil {
		if refused.RetryAfter > 0 {
			w.Header().Set("Retry-After", retrySeconds(refused.RetryAfter))
		}
		problem(w, refused.Code.Status(), refused.Code.String(), refused.Message)
		return
	}
	notice := protocol.Encode(protocol.Notice{
		Type: "notice", Code: "notification", Message: ask.Text, Data: ask.Data,
		Time: time.Now().UTC().Format(protocol.TimeFormat), From: from, Group: ask.Group,
	})
	var outcome audience.Outcome
	if ask.Group != "" {
		outcome = s.audience.TellGroup(ask.Group, notice)
	} else {
		outcome = s.audience.TellUser(ask.User, notice)
	}
	s.quiet.Log(slog.LevelInfo, "a notification was sent", "from", from, "user", ask.User, "group", ask.Group,
		"delivered", outcome.Delivered, "waiting", outcome.Waits)
	writeJSON(w, protocol.Encode(struct {
		Delivered int  `json:"delivered"`
		Waiting   bool `json:"waiting"`
	}{outcome.Delivered, outcome.Waits}))
}

// readNotify reads the body of a request to notify.
func readNotify(w http.ResponseWriter, r *http.Request) (protocol.Notify, *protocol.Error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, protocol.MaxNotifyBytes))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return protocol.Notify{}, protocol.Errorf(protocol.BadMessage, "the body has more than %d bytes", protocol.MaxNotifyBytes)
	case err != nil:
		return protocol.Notify{}, protocol.Errorf(protocol.BadMessage, "the body did not come whole, within 5 s")
	case !utf8.Valid(body):
		return protocol.Notify{}, protocol.Errorf(protocol.BadMessage, "the body must be JSON in UTF-8")
	}
	ask, refused := protocol.DecodeNotify(body)
	if refused == nil && ask.User != "" && !access.ValidUser(ask.User) {
		refused = protocol.Errorf(protocol.BadMessage, "user must be a name of 1 to 128 bytes that can be shown")
	}
	return ask, refused
}

// Tell implements audience.Peer.
func (c *predictor) Tell(message []byte) bool { return c.Push(message) }

// Joined implements audience.Peer: it answers.
func (c *predictor) Joined(group string) {
	c.Conn.Tell(protocol.Encode(protocol.Membership{Type: "joined", Group: group}))
}

// Left implements audience.Peer.
func (c *predictor) Left(group string) {
	c.Conn.Tell(protocol.Encode(protocol.Membership{Type: "left", Group: group}))
}

// audienceMetrics tell what became of notifications.
func (s *Server) audienceMetrics() []prometheus.Collector {
	outcome := func(name string, read func(audience.Counts) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "penstock_notifications_total",
			Help:        "Notifications handed to connections (delivered), not taken by one that is too far behind (missed), and dropped that waited for a user (forgotten).",
			ConstLabels: prometheus.Labels{"outcome": name},
		}, func() float64 { return float64(read(s.audience.Counts())) })
	}
	return []prometheus.Collector{
		outcome("delivered", func(c audience.Counts) uint64 { return c.Delivered }),
		outcome("missed", func(c audience.Counts) uint64 { return c.Missed }),
		outcome("forgotten", func(c audience.Counts) uint64 { return c.Forgotten }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "penstock_notifications_waiting", Help: "Notifications that wait for users who are away.",
		}, func() float64 { return float64(s.audience.Counts().Waiting) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "penstock_groups", Help: "Groups that some connection has joined.",
		}, func() float64 { return float64(s.audience.Counts().Groups) }),
	}
}
