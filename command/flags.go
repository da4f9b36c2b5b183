package command

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"penstock/app"
	"penstock/dashboard"
	"penstock/monitor"
	"penstock/monitor/webhook"
)

// serveCmd holds the flags of penstock serve.
type serveCmd struct {
	Listen      string `default:"127.0.0.1:8080" help:"Address for clients and the dashboard."`
	AdminListen string `default:"127.0.0.1:8081" help:"Address for /metrics and pprof; empty for none."`

	Model []string `help:"Model file of XGBoost, LightGBM, CatBoost, ONNX or Python, or folder of a bundle; repeat for several, the first is the default. Without, the embedded digits." placeholder:"PATH" sep:"none"`

	Files modelFlags `embed:""`

	Engine string `help:"Engine to use where a bundle has several." placeholder:"NAME"`
	Device string `default:"cpu" help:"Where engine torchscript runs: cpu, or cuda:0 and so on with a libtorch that has CUDA." placeholder:"NAME"`

	Workers   int      `atleast:"0" atmost:"4096" help:"Batches that run at the same time. 0, the default, is the processors that the process may use." placeholder:"N"`
	MaxBatch  int      `atleast:"1" atmost:"65536" default:"64" help:"Rows in a batch."`
	QueueRows int      `atleast:"1" atmost:"1073741824" default:"16384" help:"Rows that may wait; beyond, requests are shed: refused with overloaded, without being run."`
	Pool      []string `help:"Numbers of one model's own, in place of those of --workers, --max-batch and --queue-rows, such as digits:workers=2,max-batch=32,queue-rows=4096; repeatable." placeholder:"NAME:KEY=N,..." sep:"none"`

	Window   int `atleast:"1" atmost:"1073741824" default:"1024" help:"Rows that one socket may have in flight; beyond, it is not read."`
	Remember int `atleast:"1" atmost:"1073741824" default:"262144" help:"Predicted rows remembered for their labels."`

	MaxConnections  int `atleast:"1" atmost:"16777216" default:"10000" help:"WebSockets open at the same time."`
	MaxPerAddress   int `atleast:"0" atmost:"16777216" default:"0" help:"Of these, how many one address may have, or one /64 of IPv6; not for loopback. 0 is a quarter of --max-connections."`
	MaxMessageBytes int `atleast:"1" atmost:"1073741824" default:"1048576" help:"Bytes in a message from a client."`
	MaxRows         int `atleast:"1" atmost:"1073741824" default:"1024" help:"Rows in a request, at most the window."`
	MaxReplyBytes   int `atleast:"4096" atmost:"1073741824" default:"2097152" help:"Bytes of replies that one socket may be owed; a request whose reply could not fit is refused with too_large."`

	Auth          string   `default:"none" enum:"none,token" help:"token asks every client for one, and is what lets --listen be beyond loopback; with none everybody is anonymous."`
	JWTSecretFile []string `name:"jwt-secret-file" help:"File of secrets for tokens signed with HS256, one a line of at least 32 bytes, the newest first; repeatable. Read again when it changes, as are the files of the next flags." placeholder:"FILE" sep:"none"`
	JWTPublicKey  []string `name:"jwt-public-key" help:"PEM file of public keys or certificates for tokens signed with RS256, ES256 or EdDSA; repeatable." placeholder:"FILE" sep:"none"`
	JWKSURL       string   `name:"jwks-url" help:"Where an identity provider publishes its keys as a JSON Web Key Set." placeholder:"URL"`
	JWTIssuer     string   `name:"jwt-issuer" help:"The claim iss that tokens must have." placeholder:"NAME"`
	JWTAudience   string   `name:"jwt-audience" help:"The claim aud that tokens must have." placeholder:"NAME"`
	APIKeysFile   string   `name:"api-keys-file" help:"YAML file of hashed static keys, for clients without an identity provider; see penstock token --api-key." placeholder:"FILE"`
	Roles         string   `help:"YAML file of roles, default rights, and limits of single users." placeholder:"FILE"`
	DataDir       string   `help:"Folder for what must outlive the process: how good models were, predictions that wait for their labels, revocations. Without, all of that ends with the process." placeholder:"DIR"`

	MaxPerUser          int `atleast:"0" atmost:"16777216" default:"0" help:"WebSockets and event streams of one user. 0 is a quarter of --max-connections."`
	RowsPerSecond       int `atleast:"0" atmost:"1073741824" default:"0" help:"Rows a second of one user over all sockets or, without tokens, of one address; beyond, requests are refused with rate_limited. 0 is no limit."`
	BytesPerSecond      int `atleast:"0" atmost:"1099511627776" default:"0" help:"Bytes of predict messages likewise."`
	HandshakesPerSecond int `atleast:"0" atmost:"16777216" default:"100" help:"Handshakes and refused tokens a second of one address, five times as many at once; not for loopback. 0 is no limit."`

	MemoryLimit byteSize `help:"Memory that the process may take, such as 2GiB; clients may make it hold half of what the models leave. Default: GOMEMLIMIT, or 90 % of what the machine, the container and ulimit -v allow." placeholder:"BYTES"`
	Echo        *bool    `negatable:"" help:"Serve /ws/echo, which sends back whatever it is sent. Default: on loopback only."`

	AllowOrigin    []string `help:"Origin whose pages may connect, such as https://example.org; repeatable. * allows every page that a user visits." placeholder:"ORIGIN" sep:"none"`
	AllowHost      []string `help:"Name by which clients may call this server, besides localhost and addresses; repeatable." placeholder:"HOST" sep:"none"`
	TrustedProxy   []string `help:"Address or range of a proxy in front, such as 10.0.0.0/8, which is believed in X-Forwarded-For and X-Forwarded-Proto, or Forwarded; repeatable." placeholder:"CIDR" sep:"none"`
	AllowAnonymous bool     `help:"Listen beyond loopback although --auth is none: whoever reaches the port may use the models."`
	AllowOpenAdmin bool     `help:"Let --admin-listen be beyond loopback without --admin-token-file: whoever reaches that port may read the process's memory through pprof."`

	TLSCert        string `name:"tls-cert" help:"Certificate in PEM, followed by those that signed it: --listen then speaks TLS alone, and so does --admin-listen beyond loopback. Read again when it changes, as the files of the next three." placeholder:"FILE"`
	TLSKey         string `name:"tls-key" help:"Private key of --tls-cert in PEM, without a passphrase." placeholder:"FILE"`
	TLSClientCA    string `name:"tls-client-ca" help:"Certificates in PEM of those who sign certificates of clients. A client that shows one, and no token, is the user that it names; one that another has signed is refused." placeholder:"FILE"`
	AdminTokenFile string `help:"File with one token of at least 32 characters, which whoever asks --admin-listen must show: Authorization: Bearer TOKEN." placeholder:"FILE"`

	DrainTimeout time.Duration `atleast:"0s" default:"20s" help:"Time to answer what was accepted after SIGTERM."`
	LogFormat    string        `default:"text" enum:"text,json" help:"text or json."`
	LogLevel     slog.Level    `default:"info" help:"debug, info, warn or error."`

	QualityKeep     timeSpan `default:"30d" help:"How long labelled predictions are kept one by one, such as 30d or 12h. What they add up to is kept for 13 months." placeholder:"TIME"`
	QualityBytes    byteSize `default:"1GiB" help:"Disk that labelled predictions may take in --data-dir: the oldest go first. Without --data-dir, memory, of which at most 64 MiB." placeholder:"BYTES"`
	QualitySlice    []string `help:"Column by whose value accuracy is also told apart, as COLUMN of the first model or MODEL:COLUMN; one for each model." placeholder:"COLUMN" sep:"none"`
	QualityFeatures bool     `help:"Keep the newest rows, in 64 MiB of memory, so that the page can show those that were answered wrongly with the most confidence. Whoever may see the dashboard sees them."`
	SetAlpha        float64  `above:"0" default:"0.1" help:"How often sets and intervals may miss the truth where a request does not say: above 0 and below 1."`
	Calibrate       bool     `negatable:"" default:"true" help:"Let confidences in replies follow what labels say. Without, they are the model's own."`

	Alert alertFlags `embed:"" prefix:"alert-"`

	PrintConfig bool `env:"-" help:"Print what is in force as a file for --config, with where each flag is set, and end."`
}

// modelFlags are what model files do not tell, and what engines need from outside;
// see app.ModelFiles.
type modelFlags struct {
	Features    int      `atleast:"0" atmost:"1048576" default:"0" help:"Numbers in a row of --model, where its file does not tell." placeholder:"N"`
	Classes     []string `help:"Names of the classes of --model in their order, where its file does not tell: A,B,C." placeholder:"NAME,..."`
	ONNXRuntime string   `name:"onnxruntime" help:"ONNX Runtime's library, or a folder that holds it, for models that need it. Default: beside this program, where the system's loader looks, or in the Python environment." placeholder:"PATH"`
	Python      string   `help:"Python for models that are Python programs. Default: that of the active virtual environment, or python3." placeholder:"PATH"`
}

// at is the files at some paths.
func (f modelFlags) at(paths []string) app.ModelFiles {
	return app.ModelFiles{Models: paths, Features: f.Features, Classes: f.Classes, ONNXRuntime: f.ONNXRuntime, Python: f.Python}
}

// alertFlags are the thresholds of alerts; see monitor.Thresholds.
type alertFlags struct {
	ErrorRate              float64         `atleast:"0" atmost:"1" default:"0.01" help:"Warn at this share of errors and sheds; 0 is never."`
	ErrorRateCritical      float64         `atleast:"0" atmost:"1" default:"0.05" help:"Critical likewise."`
	LatencyMS              float64         `atleast:"0" name:"latency-ms" default:"100" help:"Warn at this p99 latency in milliseconds; 0 is never."`
	LatencyMSCritical      float64         `atleast:"0" name:"latency-ms-critical" default:"500" help:"Critical likewise."`
	Queue                  float64         `atleast:"0" atmost:"1" default:"0.5" help:"Warn when the queue is this full, 0 to 1; 0 is never."`
	QueueCritical          float64         `atleast:"0" atmost:"1" default:"0.9" help:"Critical likewise."`
	Accuracy               float64         `atleast:"0" atmost:"1" default:"0" help:"Warn when a model's accuracy over five minutes is below this beyond doubt, 0 to 1; 0 is never."`
	AccuracyCritical       float64         `atleast:"0" atmost:"1" default:"0" help:"Critical likewise."`
	LabellerShare          float64         `atleast:"0" atmost:"1" default:"0.8" help:"Warn when one of several clients gives this share of the labels of five minutes, 0 to 1; 0 is never."`
	LabellerShareCritical  float64         `atleast:"0" atmost:"1" default:"0" help:"Critical likewise."`
	CalibrationGap         float64         `atleast:"0" atmost:"1" default:"0.05" help:"Warn when a model's confidences are this far from the share that is right, 0 to 1, and it is no accident; 0 is never."`
	CalibrationGapCritical float64         `atleast:"0" atmost:"1" default:"0.15" help:"Critical likewise."`
	Drift                  bool            `negatable:"" default:"true" help:"Alert when rows are not like the reference of a model."`
	Webhook                webhook.Address `secret:"" placeholder:"URL" help:"Where alerts are also sent when they fire, change or resolve, as JSON in a POST."`
	Falls                  bool            `negatable:"" default:"true" help:"Alert when labels prove that a model errs more than before."`
	CPU                    float64         `atleast:"0" atmost:"100" name:"cpu" default:"90" help:"Warn at this percentage of the machine's processors, or of those that the process may use; 0 is never."`
	CPUCritical            float64         `atleast:"0" atmost:"100" name:"cpu-critical" default:"98" help:"Critical likewise."`
	FireAfter              time.Duration   `above:"0s" default:"3s" help:"How long a value must be beyond its threshold."`
	CPUFireAfter           time.Duration   `above:"0s" name:"cpu-fire-after" default:"10s" help:"The same for the processors."`
	ResolveAfter           time.Duration   `above:"0s" default:"5s" help:"How long a value must be back."`
}

func (f alertFlags) thresholds() monitor.Thresholds {
	return monitor.Thresholds{
		ErrorRate:      monitor.Level{Warning: f.ErrorRate, Critical: f.ErrorRateCritical},
		LatencyP99:     monitor.Level{Warning: f.LatencyMS, Critical: f.LatencyMSCritical},
		Queue:          monitor.Level{Warning: f.Queue, Critical: f.QueueCritical},
		Accuracy:       monitor.Level{Warning: f.Accuracy, Critical: f.AccuracyCritical},
		LabelShare:     monitor.Level{Warning: f.LabellerShare, Critical: f.LabellerShareCritical},
		Falls:          f.Falls,
		Drift:          f.Drift,
		CalibrationGap: monitor.Level{Warning: f.CalibrationGap, Critical: f.CalibrationGapCritical},
		CPU:            monitor.Level{Warning: f.CPU, Critical: f.CPUCritical},
		FireAfter:      f.FireAfter,
		CPUFireAfter:   f.CPUFireAfter,
		ResolveAfter:   f.ResolveAfter,
	}
}

// options is what the flags say, with a logger to stderr and the dashboard.
func (c serveCmd) options() (app.Options, error) {
	pools, err := parsePools(c.Pool)
	return app.Options{
		Listen: c.Listen, AdminListen: c.AdminListen,
		ModelFiles: c.Files.at(c.Model), Engine: c.Engine, Device: c.Device, Pools: pools,
		Workers: c.Workers, MaxBatch: c.MaxBatch, QueueRows: c.QueueRows, Window: c.Window, Remember: c.Remember,
		MaxConnections: c.MaxConnections, MaxPerAddress: c.MaxPerAddress, MaxMessageBytes: c.MaxMessageBytes,
		MaxRows: c.MaxRows, MaxReplyBytes: c.MaxReplyBytes, MemoryLimit: int64(c.MemoryLimit), Echo: c.Echo,
		AllowOrigins: c.AllowOrigin, AllowHosts: c.AllowHost, TrustedProxies: c.TrustedProxy,
		Auth: c.Auth, JWTSecretFiles: c.JWTSecretFile, JWTPublicKeys: c.JWTPublicKey, JWKSURL: c.JWKSURL, JWTIssuer: c.JWTIssuer,
		JWTAudience: c.JWTAudience, APIKeysFile: c.APIKeysFile, Roles: c.Roles, DataDir: c.DataDir, MaxPerUser: c.MaxPerUser,
		RowsPerSecond: c.RowsPerSecond, BytesPerSecond: c.BytesPerSecond, HandshakesPerSecond: c.HandshakesPerSecond,
		AllowAnonymous: c.AllowAnonymous, AllowOpenAdmin: c.AllowOpenAdmin,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, TLSClientCA: c.TLSClientCA, AdminTokenFile: c.AdminTokenFile, DrainTimeout: c.DrainTimeout,
		QualityKeep: time.Duration(c.QualityKeep), QualityBytes: int64(c.QualityBytes), QualitySlices: c.QualitySlice, QualityFeatures: c.QualityFeatures,
		SetAlpha: c.SetAlpha, KeepCalibration: !c.Calibrate,
		Alerts: c.Alert.thresholds(), Webhook: c.Alert.Webhook,
		Dashboard: dashboard.Files(), Logger: c.newLogger(os.Stderr),
	}, err
}

// Run serves until ctx ends.
func (c serveCmd) Run(ctx context.Context, command *kong.Context, s *settings) error {
	if c.PrintConfig {
		return c.printConfig(os.Stdout, command, s)
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	a, err := app.New(options)
	if err != nil {
		return err
	}
	a.LimitMemory()
	signal.Ignore(syscall.SIGHUP) // a terminal that goes away must not end the process undrained
	return a.Run(ctx)
}

func (c serveCmd) newLogger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		options.ReplaceAttr = timesWithUnits
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// timesWithUnits writes 20s, where JSON would have a count of nanoseconds.
func timesWithUnits(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}
