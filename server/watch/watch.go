package watch

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/access"
	"penstock/monitor"
	"penstock/protocol"
	"penstock/server/audience"
	"penstock/server/manners"
)

// Options configure Dashboards.
type Options struct {
	// Monitor publishes the frames. Required.
	Monitor *monitor.Monitor
	// Bus carries what dashboards share. Default: one of their own.
	Bus Bus
	// Audience is told of dashboards and streams of events, to reach them by user and
	// group. Default: one that nobody else reaches.
	Audience *audience.Audience
	// Hello returns the message that answers a guest's hello. Required.
	Hello func(*access.Session) []byte
	// Renew answers an auth message of a guest. Required.
	Renew func(guest *access.Session, meter *manners.Meter, token []byte) ([]byte, *protocol.Error)
	// Refuse puts an error of access into the protocol's words. Required.
	Refuse func(error) *protocol.Error
	// Serves reports whether a model of that name is served. Default: none is.
	Serves func(model string) bool
	// AcceptBaseline makes the present error of a model the one that is expected.
	// The model is one of Serves', as it was a moment before. Default: refused.
	AcceptBaseline func(model string) *protocol.Error
	// FreezeCalibration keeps how a model's confidence is calibrated as it is, or lets
	// it follow the labels again. The model is one of Serves', as it was a moment
	// before. Default: refused.
	FreezeCalibration func(model string, frozen bool) *protocol.Error
	// CountError is told of every typed error that is sent. Default: nobody is.
	CountError func(protocol.Code)
	// Registerer takes the metrics. Default: none.
	Registerer prometheus.Registerer
}

// Dashboards are all who watch.
type Dashboards struct {
	opt     Options
	board   *board
	dropped prometheus.Counter
	cancel  func() // ends the board's subscription
}

// New makes Dashboards that nobody watches yet. See Run.
func New(opt Options) (*Dashboards, error) {
	if opt.Monitor == nil || opt.Hello == nil || opt.Renew == nil || opt.Refuse == nil {
		return nil, errors.New("watch: Monitor, Hello, Renew or Refuse is nil; dashboards need frames, and answers")
	}
	if opt.Bus == nil {
		opt.Bus = NewBus()
	}
	if opt.Audience == nil {
		opt.Audience = audience.New(audience.Options{})
	}
	if opt.Serves == nil {
		opt.Serves = func(string) bool { return false }
	}
	if opt.AcceptBaseline == nil {
		opt.AcceptBaseline = unknownModel
	}
	if opt.FreezeCalibration == nil {
		opt.FreezeCalibration = func(model string, _ bool) *protocol.Error { return unknownModel(model) }
	}
	if opt.CountError == nil {
		opt.CountError = func(protocol.Code) {}
	}
	d := &Dashboards{
		opt: opt,
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "penstock_dashboard_notes_dropped_total",
			Help: "Notes and presence frames not sent to a dashboard that does not keep up.",
		}),
	}
	if opt.Registerer != nil {
		if err := opt.Registerer.Register(d.dropped); err != nil {
			return nil, err
		}
	}
	d.board = newBoard(opt.Bus)
	d.cancel = opt.Bus.Subscribe(d.board.receive)
	return d, nil
}

func unknownModel(model string) *protocol.Error {
	return protocol.Errorf(protocol.UnknownModel, "no model is named %.40q", model)
}
