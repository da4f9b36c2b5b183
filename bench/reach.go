package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"strings"

	"penstock/client"
)

// Reach is how a Load or a Demo comes in at a server that asks who comes.
type Reach struct {
	// TokenFile has a token to send with every connection. It is read again for
	// each, and before the token expires. Default: none is sent.
	TokenFile string
	// CA is a PEM file of the authorities that may vouch for the server. Default:
	// those of the system.
	CA string
}

// Options are those of a client. Both files are read once here, so that what is
// wrong with them is told before anything is sent.
func (r Reach) Options() (client.Options, error) {
	var o client.Options
	if r.CA != "" {
		pem, err := os.ReadFile(r.CA)
		if err != nil {
			return o, wrong("CA", "cannot be read: %v", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return o, wrong("CA", "is %s, which has no certificate in PEM; expected one that begins with -----BEGIN CERTIFICATE-----", r.CA)
		}
		o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	if r.TokenFile != "" {
		o.Token = func(context.Context) (string, error) { return readToken(r.TokenFile) }
		if _, err := readToken(r.TokenFile); err != nil {
			return o, wrong("TokenFile", "is of no use: %v", err)
		}
	}
	return o, nil
}

// readToken reads a token but for the white space around it. Its errors do not
// repeat what is in the file.
func readToken(path string) (string, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the file that the user names
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	switch {
	case token == "":
		return "", errors.New(path + " is empty; expected a token")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", errors.New(path + " has white space or other characters that no token has; expected one token on one line")
	}
	return token, nil
}
