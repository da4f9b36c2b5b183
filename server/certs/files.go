package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Error says which file cannot be used, and why.
type Error struct {
	Flag    string // that names the file: --tls-cert, --tls-key or --tls-client-ca
	Path    string
	Problem string // what is wrong, what was expected, and what to do
	Err     error  // what caused it; nil for none
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %s", e.Flag, e.Path, e.Problem) }

func (e *Error) Unwrap() error { return e.Err }

// The flags that name the files.
const (
	flagCert     = "--tls-cert"
	flagKey      = "--tls-key"
	flagClientCA = "--tls-client-ca"
)

// readPair reads a certificate and its key.
func readPair(cert, key string) (tls.Certificate, error) {
	certPEM, err := read(flagCert, cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	certs, err := certificates(flagCert, cert, certPEM)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := read(flagKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	if problem := notAKey(keyPEM); problem != "" {
		return tls.Certificate{}, &Error{Flag: flagKey, Path: key, Problem: problem}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil { // the certificate is good, so it is the key
		return tls.Certificate{}, &Error{Flag: flagKey, Path: key, Err: err, Problem: fmt.Sprintf(
			"does not go with %s %s: %s; expected the private key of the first certificate there",
			flagCert, cert, strings.TrimPrefix(err.Error(), "tls: "))}
	}
	pair.Leaf = certs[0]
	return pair, nil
}

// readAuthorities reads the certificates of those who sign clients' certificates.
func readAuthorities(path string) (*x509.CertPool, error) {
	text, err := read(flagClientCA, path)
	if err != nil {
		return nil, err
	}
	certs, err := certificates(flagClientCA, path, text)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for i, cert := range certs {
		if cert.BasicConstraintsValid && !cert.IsCA {
			return nil, &Error{Flag: flagClientCA, Path: path, Problem: fmt.Sprintf(
				"certificate %d is not that of an authority, and cannot sign others; expected those that signed the clients' certificates", i+1)}
		}
		pool.AddCert(cert)
	}
	return pool, nil
}

// certificates reads all certificates in PEM, of which there must be one.
func certificates(flag, path string, text []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &Error{Flag: flag, Path: path, Err: err, Problem: fmt.Sprintf("certificate %d cannot be read: %v", len(certs)+1, err)}
		}
		certs = append(certs, cert)
	}
	if len(certs) > 0 {
		return certs, nil
	}
	problem := "holds no certificate; expected PEM, which begins with -----BEGIN CERTIFICATE-----"
	if bytes.Contains(text, []byte("PRIVATE KEY-----")) {
		problem = "holds a private key and no certificate; that belongs to " + flagKey
	}
	return nil, &Error{Flag: flag, Path: path, Problem: problem}
}

// notAKey says why no private key can be read; empty if one can be tried.
func notAKey(text []byte) string {
	found := false
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY", strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return "is encrypted, and nobody is there to be asked for its passphrase; decrypt it with: openssl pkey -in FILE -out FILE, and let nobody else read it"
		case block.Type == "PRIVATE KEY", strings.HasSuffix(block.Type, " PRIVATE KEY"):
			found = true
		}
	}
	switch {
	case found:
		return ""
	case bytes.Contains(text, []byte("BEGIN CERTIFICATE")):
		return "holds a certificate and no private key; that belongs to " + flagCert
	}
	return "holds no private key; expected PEM, which begins with -----BEGIN PRIVATE KEY-----"
}

// read reads a whole file.
func read(flag, path string) ([]byte, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the file that the user names
	if err == nil {
		return text, nil
	}
	problem := err.Error()
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		problem = pathErr.Err.Error() // which does not say the path once more
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		problem = "there is no such file; expected one in PEM"
	case errors.Is(err, fs.ErrPermission):
		problem = "the file may not be read by the user that this program runs as; change its owner, group or rights"
	}
	return nil, &Error{Flag: flag, Path: path, Err: err, Problem: problem}
}
