// Package certs keeps what a listener needs to speak TLS: a certificate, its key,
// and the authorities that sign certificates of clients, read from files in PEM and
// read again when these change. Connections that are open keep what they began with.
//
// It decides how TLS is spoken, and with whom; what a client's certificate allows is
// decided by who reads http.Request.TLS.
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/reload"
)

// Options configure Certs.
type Options struct {
	// Cert and Key are files in PEM: the server's certificate, followed by those
	// that signed it, and its private key. Required.
	Cert, Key string
	// ClientCA is a file in PEM with the authorities of clients' certificates. A
	// client need not have one, but one that it shows must be signed by them.
	// Default: clients are not asked.
	ClientCA string
	// Log is told which certificate is in use, and when files cannot be used.
	// Required.
	Log *slog.Logger
	// Registerer takes the metrics. Default: none.
	Registerer prometheus.Registerer
}

// Certs is what was read last and could be used.
type Certs struct {
	opt     Options
	files   *reload.Files
	current atomic.Pointer[tls.Config]
	expires atomic.Int64      // Unix time
	told    *x509.Certificate // that the log knows of
}

// New reads the files. Its error is an *Error, which says what is wrong with which.
// It starts nothing: see Run.
func New(opt Options) (*Certs, error) {
	if opt.Log == nil {
		return nil, errors.New("certs: Log is nil")
	}
	c := &Certs{opt: opt}
	var err error
	if c.files, err = reload.New([]string{opt.Cert, opt.Key, opt.ClientCA}, c.load, opt.Log); err != nil {
		return nil, err
	}
	if opt.Registerer == nil {
		return c, nil
	}
	return c, opt.Registerer.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "penstock_tls_certificate_expiry_timestamp_seconds",
		Help: "When the certificate in use expires, in seconds since 1970.",
	}, func() float64 { return float64(c.expires.Load()) }))
}

// Run reads the files again when they change, until ctx ends: see reload.Files.
func (c *Certs) Run(ctx context.Context) { c.files.Run(ctx) }

// Config is how a listener speaks TLS, with whatever is in use when a handshake
// begins.
func (c *Certs) Config() *tls.Config {
	config := c.current.Load().Clone()
	// The keys of session tickets are those of config, whatever this returns, and
	// change daily. A session that is resumed has its client's certificate verified
	// again, by the authorities of then.
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load(), nil }
	return config
}

// suites are those of TLS 1.2 that have forward secrecy and authenticated
// encryption. Those of TLS 1.3 all have, and are not chosen from.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

func (c *Certs) load() error {
	pair, err := readPair(c.opt.Cert, c.opt.Key)
	if err != nil {
		return err
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{pair},
		MinVersion:   tls.VersionTLS12,
		CipherSuites: suites,
		NextProtos:   []string{"http/1.1"}, // WebSockets are upgraded from it
	}
	if c.opt.ClientCA != "" {
		if config.ClientCAs, err = readAuthorities(c.opt.ClientCA); err != nil {
			return err
		}
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	c.current.Store(config)
	c.expires.Store(pair.Leaf.NotAfter.Unix())
	c.tell(pair.Leaf)
	return nil
}

// tell logs which certificate is in use, once.
func (c *Certs) tell(leaf *x509.Certificate) {
	if c.told != nil && c.told.Equal(leaf) {
		return
	}
	c.told = leaf
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	args := []any{"file", c.opt.Cert, "names", names, "not_before", leaf.NotBefore, "not_after", leaf.NotAfter}
	switch now := time.Now(); {
	case now.After(leaf.NotAfter):
		c.opt.Log.Warn("the certificate has expired; clients will refuse it", append(args, "advice", "replace the files; they are read again at once")...)
	case now.Before(leaf.NotBefore):
		c.opt.Log.Warn("the certificate is not valid yet; clients will refuse it", append(args, "advice", "compare the clock of this machine, or wait")...)
	default:
		c.opt.Log.Info("certificate", args...)
	}
}
