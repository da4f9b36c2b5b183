//go:build linux

package outside_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// site is the name that the configurations in deploy/ serve.
const site = "ml.example.org"

// certificate is one for the site, signed by itself and made for one test, so that
// whoever shows it is who the test started.
type certificate struct {
	cert, key, both string // paths of PEM files
	trust           *tls.Config
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: site}, DNSNames: []string{site},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)

	folder := t.TempDir()
	c := certificate{
		cert: filepath.Join(folder, "cert.pem"), key: filepath.Join(folder, "key.pem"), both: filepath.Join(folder, "both.pem"),
		trust: &tls.Config{RootCAs: roots, ServerName: site, MinVersion: tls.VersionTLS12},
	}
	must(t, os.WriteFile(c.cert, certPEM, 0o600))
	must(t, os.WriteFile(c.key, keyPEM, 0o600))
	must(t, os.WriteFile(c.both, append(certPEM, keyPEM...), 0o600))
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
