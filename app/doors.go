package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"

	"penstock/server"
	"penstock/server/certs"
)

// doors are what opens the listeners to who may come in.
type doors struct {
	certs *certs.Certs          // nil without --tls-cert
	token *server.OperatorToken // nil without --admin-token-file
}

// readDoors reads certificate, key and token.
func (a *App) readDoors() (err error) {
	o := a.options
	if o.TLSCert != "" {
		if a.doors.certs, err = certs.New(certs.Options{
			Cert: o.TLSCert, Key: o.TLSKey, ClientCA: o.TLSClientCA, Log: o.Logger, Registerer: a.registry,
		}); err != nil {
			return err
		}
	}
	if o.AdminTokenFile != "" {
		if a.doors.token, err = server.NewOperatorToken(o.AdminTokenFile, o.Logger); err != nil {
			return fmt.Errorf("--admin-token-file %w", err)
		}
	}
	return nil
}

// run reads the files again when they change, until ctx ends.
func (d doors) run(ctx context.Context, running *sync.WaitGroup) {
	if d.certs != nil {
		running.Go(func() { d.certs.Run(ctx) })
	}
	if d.token != nil {
		running.Go(func() { d.token.Run(ctx) })
	}
}

// tls is how a listener speaks it; nil for one that does not.
func (d doors) tls(wanted bool) *tls.Config {
	if d.certs == nil || !wanted {
		return nil
	}
	return d.certs.Config()
}

// announceAdmin says where operators are listened for.
func (a *App) announceAdmin() {
	o := a.options
	a.logger.Info("admin", "url", url(a.admin.Addr(), o.adminTLS()), "token", o.AdminTokenFile != "")
	if o.AdminTokenFile != "" && !o.adminTLS() && loopbackOnly("--admin-listen", o.AdminListen) != nil {
		a.logger.Warn("the token of --admin-token-file goes over the network for everybody to read",
			"advice", "encrypt it with --tls-cert and --tls-key, or let --admin-listen be on loopback")
	}
}

// validateDoors tells whether files are named that need each other.
func (o Options) validateDoors() error {
	switch {
	case o.TLSCert != "" && o.TLSKey == "":
		return fmt.Errorf("--tls-cert %s: expected --tls-key beside it, the file with its private key", o.TLSCert)
	case o.TLSKey != "" && o.TLSCert == "":
		return fmt.Errorf("--tls-key %s: expected --tls-cert beside it, the file with its certificate", o.TLSKey)
	case o.TLSClientCA != "" && o.TLSCert == "":
		return fmt.Errorf("--tls-client-ca %s: clients show certificates within TLS alone; expected --tls-cert and --tls-key beside it", o.TLSClientCA)
	case o.AdminTokenFile != "" && o.AdminListen == "":
		return fmt.Errorf("--admin-token-file %s: --admin-listen is empty, so nothing asks for a token; leave it out", o.AdminTokenFile)
	}
	return nil
}

// adminTLS reports whether AdminListen speaks TLS: on loopback nobody listens in.
func (o Options) adminTLS() bool {
	return o.TLSCert != "" && loopbackOnly("--admin-listen", o.AdminListen) != nil
}

// url is an address with its scheme.
func url(address net.Addr, overTLS bool) string {
	if overTLS {
		return "https://" + address.String()
	}
	return "http://" + address.String()
}
