// Package certstest makes certificates for tests: authorities, and what they sign.
package certstest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	PEM  []byte // its own certificate
}

// Leaf says what a certificate is for.
type Leaf struct {
	Name   string   // its common name
	Hosts  []string // names and addresses of a server
	Client bool     // it is a client's
	// Default: for longer than any test's clock goes.
	NotBefore, NotAfter time.Time
}

// Pair is a certificate and its key.
type Pair struct {
	t               testing.TB
	CertPEM, KeyPEM []byte
	TLS             tls.Certificate
}

// Clocks of tests begin in 2000.
var long = [2]time.Time{time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC)}

// NewAuthority makes one.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{t: t, key: newKey(t)}
	a.cert, a.PEM = sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: long[0], NotAfter: long[1],
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, a.key, a.key)
	return a
}

// Issue makes a certificate.
func (a *Authority) Issue(leaf Leaf) Pair {
	a.t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: leaf.Name}, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if leaf.Client {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	if leaf.NotBefore.IsZero() {
		template.NotBefore = long[0]
	}
	if leaf.NotAfter.IsZero() {
		template.NotAfter = long[1]
	}
	for _, host := range leaf.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	key := newKey(a.t)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	p := Pair{t: a.t, KeyPEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}
	_, p.CertPEM = sign(a.t, template, a.cert, key, a.key)
	if p.TLS, err = tls.X509KeyPair(p.CertPEM, p.KeyPEM); err != nil {
		a.t.Fatal(err)
	}
	return p
}

// Server makes a server's certificate for this machine.
func (a *Authority) Server(name string) Pair {
	return a.Issue(Leaf{Name: name, Hosts: []string{"localhost", "127.0.0.1", "::1"}})
}

// Client makes a client's certificate.
func (a *Authority) Client(name string) Pair { return a.Issue(Leaf{Name: name, Client: true}) }

// Pool has the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Write puts the authority's certificate into a folder.
func (a *Authority) Write(folder string) (path string) {
	a.t.Helper()
	return Replace(a.t, folder, "ca.pem", a.PEM)
}

// Write puts both files into a folder, each at once: first the certificate.
func (p Pair) Write(folder string) (cert, key string) {
	p.t.Helper()
	return p.WriteCert(folder), p.WriteKey(folder)
}

// WriteCert puts the certificate into a folder.
func (p Pair) WriteCert(folder string) (path string) {
	p.t.Helper()
	return Replace(p.t, folder, "cert.pem", p.CertPEM)
}

// WriteKey puts the key into a folder.
func (p Pair) WriteKey(folder string) (path string) {
	p.t.Helper()
	return Replace(p.t, folder, "key.pem", p.KeyPEM)
}

// Is reports whether a connection's other end showed this certificate.
func (p Pair) Is(state tls.ConnectionState) bool {
	return len(state.PeerCertificates) > 0 && bytes.Equal(state.PeerCertificates[0].Raw, p.TLS.Certificate[0])
}

// Replace puts a file into a folder at once, in place of what may be there.
func Replace(t testing.TB, folder, name string, text []byte) (path string) {
	t.Helper()
	path = filepath.Join(folder, name)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a certificate of a template, for a key, by a parent, or by itself.
func sign(t testing.TB, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) (*x509.Certificate, []byte) {
	t.Helper()
	var err error
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		t.Fatal(err)
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
