package server

import (
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/access"
	"penstock/monitor"
	"penstock/quality/store"
	"penstock/server/accept"
	"penstock/server/budget"
	"penstock/server/watch"
	"penstock/serving"
)

// Options configure a Server. Zero fields take their defaults.
type Options struct {
	// Service is what is served, and what counts and judges it. Its catalog has one
	// deployment at least; it may change while the server runs. Windows of pools bound
	// what one socket may have in flight. Required.
	Service *serving.Service
	// Monitor publishes the frames of /ws/dashboard and /events. Required.
	Monitor *monitor.Monitor
	// History is where what labels say is kept, for those who watch. Default: none.
	History *store.Store
	// Clients counts who is connected. It is made first, as the service's ledger is, so
	// that Monitor can read both (see Clients.Traffic). Default: the server's own.
	Clients *Clients
	// Access lets callers in, and says what they may do. Default: one that lets everybody
	// in as access.Anonymous.
	Access *access.Guard
	// Bus carries what dashboards share. Default: one of this server's own.
	Bus watch.Bus

	// MaxConnections is how many WebSockets may be open. Default 10000. Each
	// takes a file descriptor and some 20 KiB.
	MaxConnections int
	// MaxPerAddress is how many of them, streams of /events included, one caller
	// may have open: an IPv4 address, or a /64 of IPv6. It does not hold for
	// loopback addresses and for TrustedProxies themselves. Default: a quarter of
	// MaxConnections, at least 1.
	MaxPerAddress int
	// HandshakesPerSecond is how many handshakes one caller may make, with tokens that
	// were refused; five times as many at once. It does not hold for those for whom
	// MaxPerAddress does not. Default: no limit.
	HandshakesPerSecond int
	// TrustedProxies are believed when they say in X-Forwarded-For and
	// X-Forwarded-Proto whom they speak for. Default: nobody is.
	TrustedProxies accept.Proxies
	// MaxMessageBytes is the largest message that a client may send. Default
	// 1 MiB. A larger one closes its connection with 1009.
	MaxMessageBytes int
	// MaxReplyBytes is how many bytes of replies one socket may be owed: requests
	// on their way count with the longest reply that they may get. At the bound the
	// socket is not read; a request whose reply alone is beyond it is refused with
	// too_large. Default 2 MiB.
	MaxReplyBytes int
	// Budget bounds what all clients together make the process hold. Default: no
	// bound.
	Budget *budget.Budget
	// Rush is told when large messages begin to come one after the other, beside
	// small requests: how many goroutines, beside the workers of pools, then
	// have milliseconds of work at a time; and 0 when that has been over for ten
	// seconds, or the server ends. While there are more of these than processors, the
	// Go runtime looks for what sockets bring every 10 ms only, unless it is allowed
	// more threads. Run calls it, and keeps no heartbeats until it returns. Default:
	// nobody is told.
	Rush func(busy int)
	// MaxRows is how many rows one request may have. Default 1024, at most the
	// smallest Window of the pools.
	MaxRows int

	// AllowOrigins are origins, such as https://example.org, whose pages may
	// connect besides the server's own. "*" allows all: any page that a user
	// visits can then talk to this server.
	AllowOrigins []string
	// AllowHosts are names by which clients may call this server, besides
	// localhost and IP addresses. A request that names another host is refused,
	// so that a hostile name that resolves to this address reaches nothing.
	AllowHosts []string

	// Echo serves /ws/echo, which sends back whatever it is sent.
	Echo bool
	// Dashboard holds the page at /, read once. Default: none.
	Dashboard fs.FS
	// GoodbyeSpread is over how long the close frames of a drain are spread.
	// Default 500 ms.
	GoodbyeSpread time.Duration
	// Logger takes one line per event. Default: none.
	Logger *slog.Logger
	// Registerer takes the server's metrics. Default: none.
	Registerer prometheus.Registerer
}

func (o Options) withDefaults() Options {
	if o.MaxConnections == 0 {
		o.MaxConnections = 10_000
	}
	if o.MaxPerAddress == 0 {
		o.MaxPerAddress = max(1, o.MaxConnections/4)
	}
	if o.MaxMessageBytes == 0 {
		o.MaxMessageBytes = 1 << 20
	}
	if o.MaxReplyBytes == 0 {
		o.MaxReplyBytes = 2 << 20
	}
	if o.Rush == nil {
		o.Rush = func(int) {}
	}
	if o.Clients == nil {
		o.Clients = NewClients()
	}
	if o.Access == nil {
		o.Access, _ = access.New(access.Options{}) // which reads nothing
	}
	if o.Budget == nil {
		o.Budget = budget.New(0)
	}
	if o.MaxRows == 0 {
		o.MaxRows = 1024
		for _, d := range o.deployments() {
			o.MaxRows = min(o.MaxRows, d.Pool.Options().Window)
		}
	}
	if o.GoodbyeSpread == 0 {
		o.GoodbyeSpread = 500 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// handshakesAtOnce is how many seconds' handshakes may come at once: after a restart of
// the server everybody at an address comes back.
const handshakesAtOnce = 5

// mostStrangers is how many WebSockets may be open of those who have not said who they
// are.
func (o Options) mostStrangers() int { return max(16, o.MaxConnections/10) }

// deployments are those of the catalog as it is now.
func (o Options) deployments() []*serving.Deployment {
	if o.Service == nil || o.Service.Catalog == nil {
		return nil
	}
	return o.Service.Catalog.Now().Deployments
}

// named reads the names of origins and hosts.
func (o Options) named() (Options, error) {
	var err error
	if o.AllowOrigins, err = ParseOrigins(o.AllowOrigins); err != nil {
		return o, fmt.Errorf("server: AllowOrigins: %w", err)
	}
	if o.AllowHosts, err = ParseHosts(o.AllowHosts); err != nil {
		return o, fmt.Errorf("server: AllowHosts: %w", err)
	}
	return o, nil
}

func (o Options) validate() error {
	bad := func(field, format string, args ...any) error {
		return fmt.Errorf("server: %s %s", field, fmt.Sprintf(format, args...))
	}
	if o.Service == nil || o.Service.Catalog == nil || o.Service.Quality == nil || o.Service.Ledger == nil {
		return bad("Service", "lacks a catalog, a store or a ledger; a server needs all three")
	}
	if len(o.deployments()) == 0 {
		return bad("Service", "has an empty catalog; a server needs a model")
	}
	for _, d := range o.deployments() {
		if window := d.Pool.Options().Window; o.MaxRows > window {
			return bad("MaxRows", "is %d; expected at most the window of model %s, %d", o.MaxRows, d.Spec.Name, window)
		}
	}
	if o.Monitor == nil {
		return bad("Monitor", "is nil; dashboards need its frames")
	}
	if o.MaxPerAddress < 1 {
		return bad("MaxPerAddress", "is %d; expected at least 1, or 0 for a quarter of MaxConnections", o.MaxPerAddress)
	}
	if o.MaxConnections < 1 || o.MaxMessageBytes < 1 || o.MaxRows < 1 {
		return bad("MaxConnections, MaxMessageBytes or MaxRows", "is below 1")
	}
	if o.MaxReplyBytes < 4<<10 {
		return bad("MaxReplyBytes", "is %d; expected at least 4096, or hardly a reply would fit", o.MaxReplyBytes)
	}
	return nil
}
