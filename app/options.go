package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"time"

	"penstock/monitor"
	"penstock/monitor/webhook"
	"penstock/quality"
	"penstock/quality/store"
	"penstock/server"
	"penstock/server/accept"
)

// Options say what to serve, where, and within which limits. Begin with Defaults.
// Each field is a flag of penstock serve, whose name errors give: MaxBatch is
// --max-batch.
type Options struct {
	Listen      string // host:port for clients and the dashboard; port 0 is any that is free
	AdminListen string // host:port for /metrics and pprof; empty: none

	ModelFiles        // the first model is the default
	Engine     string // to use where a bundle has several; empty: the first that this build has
	Device     string // cpu, cuda:0

	// Pools are the numbers of single models, by the model's name: --pool. They go
	// before those of its manifest and the general ones below.
	Pools map[string]PoolOptions

	Workers   int // batches at the same time, for each model; 0: the processors that the process may use
	MaxBatch  int // rows
	QueueRows int // rows that may wait, for each model
	Window    int // rows that one socket may have in flight
	Remember  int // predicted rows remembered for their labels

	MaxConnections  int
	MaxPerAddress   int // 0: a quarter of MaxConnections
	MaxMessageBytes int
	MaxRows         int // in a request
	MaxReplyBytes   int // that one socket may be owed

	Auth           string // none, token
	JWTSecretFiles []string
	JWTPublicKeys  []string // files
	JWKSURL        string
	JWTIssuer      string
	JWTAudience    string
	APIKeysFile    string
	Roles          string // file
	DataDir        string // what outlives the process is kept there; empty: nothing does

	QualityKeep     time.Duration // how long labelled outcomes are kept
	QualityBytes    int64         // of the history; oldest outcomes go first
	QualitySlices   []string      // [MODEL:]COLUMN, by whose value outcomes are told apart
	QualityFeatures bool          // rows are kept, for those that are answered wrongly
	SetAlpha        float64       // share of sets that may miss the truth, where a request does not say
	KeepCalibration bool          // confidences stay as models give them until a dashboard says otherwise

	MaxPerUser          int // sockets; 0: a quarter of MaxConnections
	RowsPerSecond       int // of one user or, without tokens, address; 0: no limit
	BytesPerSecond      int
	HandshakesPerSecond int // of one address

	MemoryLimit int64 // bytes; 0: GOMEMLIMIT, or 90 % of what machine, container and ulimit -v allow
	Echo        *bool // /ws/echo; nil: on loopback only

	AllowOrigins   []string
	AllowHosts     []string
	TrustedProxies []string // addresses or ranges
	AllowAnonymous bool     // listen beyond loopback
	AllowOpenAdmin bool     // AdminListen beyond loopback, for everybody

	// TLSCert and TLSKey are files in PEM, both or neither. With them Listen speaks TLS
	// alone, and so does AdminListen beyond loopback. They are read again when they
	// change, and so are the two below.
	TLSCert, TLSKey string
	TLSClientCA     string // file in PEM: who signs certificates of clients; empty: none is asked for
	AdminTokenFile  string // with the token that whoever asks AdminListen must have; empty: none

	DrainTimeout time.Duration // for Run, from the end of its context

	Alerts  monitor.Thresholds
	Webhook webhook.Address // zero: none

	Dashboard fs.FS // the page; nil: none
	Logger    *slog.Logger
}

// Defaults are those of the flags, but for Dashboard, which is none, and Logger,
// which discards.
func Defaults() Options {
	return Options{
		Listen: "127.0.0.1:8080", AdminListen: "127.0.0.1:8081", Device: "cpu",
		MaxBatch: 64, QueueRows: 16384, Window: 1024, Remember: 262144,
		MaxConnections: 10000, MaxMessageBytes: 1 << 20, MaxRows: 1024, MaxReplyBytes: 2 << 20,
		Auth: AuthNone, HandshakesPerSecond: 100,
		QualityKeep: store.DefaultKeep, QualityBytes: store.DefaultBytes, SetAlpha: quality.DefaultAlpha,
		DrainTimeout: 20 * time.Second,
		Alerts: monitor.Thresholds{
			ErrorRate: monitor.Level{Warning: 0.01, Critical: 0.05}, LatencyP99: monitor.Level{Warning: 100, Critical: 500},
			Queue: monitor.Level{Warning: 0.5, Critical: 0.9}, LabelShare: monitor.Level{Warning: 0.8},
			Falls: true, Drift: true, CalibrationGap: monitor.Level{Warning: 0.05, Critical: 0.15}, CPU: monitor.Level{Warning: 90, Critical: 98},
			FireAfter: 3 * time.Second, CPUFireAfter: 10 * time.Second, ResolveAfter: 5 * time.Second,
		},
		Logger: slog.New(slog.DiscardHandler),
	}
}

// The ways of Options.Auth.
const (
	AuthNone  = "none"  // everybody is anonymous
	AuthToken = "token" // everybody proves who they are
)

// ServesEcho reports whether /ws/echo is served.
func (o Options) ServesEcho() bool {
	if o.Echo != nil {
		return *o.Echo
	}
	return loopbackOnly("--listen", o.Listen) == nil
}

// WorkersOfEach is how many workers a model has that has no number of its own.
func (o Options) WorkersOfEach() int { return cmp.Or(o.Workers, processors) }

// PerAddress is how many WebSockets one caller may have, on this machine with its
// limit of open files.
func (o Options) PerAddress() int { return o.perAddress(accept.PlanFor(o.MaxConnections)) }

func (o Options) perAddress(plan accept.Plan) int {
	return cmp.Or(o.MaxPerAddress, max(1, plan.WebSockets/4))
}

// proxies are the ranges of --trusted-proxy, which Validate has checked.
func (o Options) proxies() accept.Proxies {
	proxies, _ := accept.ParseProxies(o.TrustedProxies)
	return proxies
}

// Validate refuses what would be unsafe, and what contradicts itself, by the
// name of the flag. It opens nothing.
func (o Options) Validate() error {
	if err := o.validateNumbers(); err != nil {
		return err
	}
	if _, err := server.ParseOrigins(o.AllowOrigins); err != nil {
		return fmt.Errorf("--allow-origin %w", err)
	}
	if _, err := server.ParseHosts(o.AllowHosts); err != nil {
		return fmt.Errorf("--allow-host %w", err)
	}
	if _, err := accept.ParseProxies(o.TrustedProxies); err != nil {
		return fmt.Errorf("--trusted-proxy %w", err)
	}
	if err := o.Webhook.Check(); err != nil {
		return fmt.Errorf("--alert-webhook %w", err)
	}
	if o.QueueRows < o.Window {
		return fmt.Errorf("--queue-rows %d: expected at least --window, %d, or one socket could never fill its window", o.QueueRows, o.Window)
	}
	if o.MaxRows > o.Window {
		return fmt.Errorf("--max-rows %d: expected at most --window, %d, or the largest request could never be taken", o.MaxRows, o.Window)
	}
	if err := o.validatePools(); err != nil {
		return err
	}
	if err := validateAlerts(o.Alerts); err != nil {
		return err
	}
	if err := o.validateDoors(); err != nil {
		return err
	}
	if err := o.addresses(); err != nil {
		return err
	}
	if err := o.validateAccess(); err != nil {
		return err
	}
	if o.AdminListen == "" {
		return nil
	}
	if err := loopbackOnly("--admin-listen", o.AdminListen); err != nil && o.AdminTokenFile == "" && !o.AllowOpenAdmin {
		return fmt.Errorf("%w: anybody who reaches it could read memory through pprof; "+
			"ask for a token with --admin-token-file, or add --allow-open-admin if that is meant", err)
	}
	return nil
}

// validateNumbers holds each number to the limits of its flag.
func (o Options) validateNumbers() error {
	for _, n := range []struct {
		flag               string
		value, least, most int64
	}{
		{"workers", int64(o.Workers), 0, mostWorkers}, {"max-batch", int64(o.MaxBatch), 1, mostBatch},
		{"queue-rows", int64(o.QueueRows), 1, mostQueueRows}, {"window", int64(o.Window), 1, 1 << 30}, {"remember", int64(o.Remember), 1, 1 << 30},
		{"max-connections", int64(o.MaxConnections), 1, 1 << 24}, {"max-per-address", int64(o.MaxPerAddress), 0, 1 << 24},
		{"max-message-bytes", int64(o.MaxMessageBytes), 1, 1 << 30}, {"max-rows", int64(o.MaxRows), 1, 1 << 30},
		{"max-reply-bytes", int64(o.MaxReplyBytes), 4096, 1 << 30},
		{"max-per-user", int64(o.MaxPerUser), 0, 1 << 24}, {"rows-per-second", int64(o.RowsPerSecond), 0, 1 << 30},
		{"bytes-per-second", int64(o.BytesPerSecond), 0, 1 << 40}, {"handshakes-per-second", int64(o.HandshakesPerSecond), 0, 1 << 24},
	} {
		if n.value < n.least || n.value > n.most {
			return fmt.Errorf("--%s %d: expected at least %d and at most %d", n.flag, n.value, n.least, n.most)
		}
	}
	if o.MemoryLimit < 0 {
		return fmt.Errorf("--memory-limit %d: expected a number of bytes, or 0 for what there is", o.MemoryLimit)
	}
	if !(o.SetAlpha > 0 && o.SetAlpha < 1) {
		return fmt.Errorf("--set-alpha %v: expected a share above 0 and below 1, such as 0.1", o.SetAlpha)
	}
	if o.QualityKeep < time.Hour {
		return fmt.Errorf("--quality-keep %v: expected at least 1h", o.QualityKeep)
	}
	if o.QualityBytes < 1<<20 {
		return fmt.Errorf("--quality-bytes %d: expected at least 1MiB", o.QualityBytes)
	}
	if o.DrainTimeout < 0 {
		return fmt.Errorf("--drain-timeout %v: expected at least 0s", o.DrainTimeout)
	}
	if o.Logger == nil {
		return errors.New("app: Options.Logger is nil; begin with Defaults, whose logger discards")
	}
	return nil
}

// validateAlerts compares thresholds that belong together.
func validateAlerts(t monitor.Thresholds) error {
	for _, pair := range []struct {
		flag string
		monitor.Level
	}{
		{"error-rate", t.ErrorRate}, {"latency-ms", t.LatencyP99}, {"queue", t.Queue}, {"labeller-share", t.LabelShare}, {"cpu", t.CPU}, {"calibration-gap", t.CalibrationGap},
	} {
		if pair.Critical != 0 && pair.Critical < pair.Warning {
			return fmt.Errorf("--alert-%s-critical %g: expected at least --alert-%[1]s, %[3]g, or 0 for never", pair.flag, pair.Critical, pair.Warning)
		}
	}
	if t.Accuracy.Critical > t.Accuracy.Warning && t.Accuracy.Warning != 0 {
		return fmt.Errorf("--alert-accuracy-critical %g: expected at most --alert-accuracy, %g", t.Accuracy.Critical, t.Accuracy.Warning)
	}
	return nil
}

// addresses tells whether what is listened on can be told apart, and from nonsense.
func (o Options) addresses() error {
	for _, a := range []struct{ flag, address string }{{"--listen", o.Listen}, {"--admin-listen", o.AdminListen}} {
		if a.flag == "--admin-listen" && a.address == "" {
			continue
		}
		_, port, err := net.SplitHostPort(a.address)
		if err == nil {
			_, err = net.DefaultResolver.LookupPort(context.Background(), "tcp", port)
		}
		if err != nil {
			return fmt.Errorf("%s %q: expected host:port, such as 127.0.0.1:8080", a.flag, a.address)
		}
	}
	if _, port, _ := net.SplitHostPort(o.Listen); o.Listen == o.AdminListen && port != "0" {
		return fmt.Errorf("--listen and --admin-listen are both %s; give each a port of its own", o.Listen)
	}
	return nil
}

func loopbackOnly(flag, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err // addresses has said so
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%s %q is not a loopback address", flag, address)
}
