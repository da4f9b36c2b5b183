package command

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// authorityFlag is for commands that connect to a server.
type authorityFlag struct {
	CA string `name:"ca" help:"Certificates in PEM of those who sign the server's, in place of the system's." placeholder:"FILE"`
}

// config is how a client speaks TLS; nil for as the system does.
func (f authorityFlag) config() (*tls.Config, error) {
	if f.CA == "" {
		return nil, nil //nolint:nilnil // package client's way to say that nothing was asked for
	}
	text, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w; expected a file of certificates in PEM", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--ca %s: holds no certificate; expected PEM, which begins with -----BEGIN CERTIFICATE-----", f.CA)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
