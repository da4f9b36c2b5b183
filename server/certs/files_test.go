package certs_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"penstock/server/certs"
	"penstock/server/certs/certstest"
)

// TestRefusals name the flag and the file, and say what is wrong.
func TestRefusals(t *testing.T) {
	folder := t.TempDir()
	authority := certstest.NewAuthority(t, "authority")
	good := authority.Server("good")
	cert, key := good.Write(folder)
	file := func(name string, text []byte) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	block := func(kind, text string, headers map[string]string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte(text), Headers: headers})
	}
	other := file("other.pem", authority.Server("other").KeyPEM)
	empty := file("empty.pem", nil)
	broken := file("broken.pem", block("CERTIFICATE", "x", nil))
	for _, c := range []struct {
		name, cert, key, clientCA string
		flag, path, want          string
	}{
		{"no certificate", "none.pem", key, "", "--tls-cert", "none.pem", "there is no such file"},
		{"no key", cert, "none.pem", "", "--tls-key", "none.pem", "there is no such file"},
		{"no authorities", cert, key, "none.pem", "--tls-client-ca", "none.pem", "there is no such file"},
		{"a folder", folder, key, "", "--tls-cert", folder, "is a directory"},
		{"an empty certificate", empty, key, "", "--tls-cert", empty, "holds no certificate; expected PEM"},
		{"an empty key", cert, empty, "", "--tls-key", empty, "holds no private key; expected PEM"},
		{"an empty list of authorities", cert, key, empty, "--tls-client-ca", empty, "holds no certificate"},
		{"a broken certificate", broken, key, "", "--tls-cert", broken, "certificate 1 cannot be read"},
		{"a broken authority", cert, key, broken, "--tls-client-ca", broken, "certificate 1 cannot be read"},
		{"a broken key", cert, file("bad.pem", block("PRIVATE KEY", "x", nil)), "", "--tls-key", filepath.Join(folder, "bad.pem"), "does not go with --tls-cert"},
		{"another's key", cert, other, "", "--tls-key", other, "private key does not match public key; expected the private key of the first certificate"},
		{"both swapped", key, cert, "", "--tls-cert", key, "that belongs to --tls-key"},
		{"a certificate for a key", cert, cert, "", "--tls-key", cert, "that belongs to --tls-cert"},
		{"an encrypted key", cert, file("secret.pem", block("ENCRYPTED PRIVATE KEY", "x", nil)), "", "--tls-key", filepath.Join(folder, "secret.pem"), "is encrypted"},
		{"a key encrypted in the old way", cert, file("old.pem", block("RSA PRIVATE KEY", "x", map[string]string{"Proc-Type": "4,ENCRYPTED"})), "",
			"--tls-key", filepath.Join(folder, "old.pem"), "is encrypted"},
		{"a server's for an authority", cert, key, cert, "--tls-client-ca", cert, "is not that of an authority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := certs.New(certs.Options{Cert: c.cert, Key: c.key, ClientCA: c.clientCA, Log: slog.New(slog.DiscardHandler)})
			wrong, ok := errors.AsType[*certs.Error](err)
			if !ok {
				t.Fatalf("got %v; want a *certs.Error", err)
			}
			if wrong.Flag != c.flag || wrong.Path != c.path || !strings.Contains(wrong.Problem, c.want) {
				t.Errorf("got %v; want %s %s: %s", wrong, c.flag, c.path, c.want)
			}
			if missing := strings.Contains(c.want, "no such file"); missing && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%v is not os.ErrNotExist", err)
			}
		})
	}
}

// TestUnreadable: rights are said to be missing, where there are any.
func TestUnreadable(t *testing.T) {
	cert, key := certstest.NewAuthority(t, "authority").Server("server").Write(t.TempDir())
	if err := os.Chmod(key, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(key); err == nil {
		t.Skip("this user may read everything")
	}
	_, err := certs.New(certs.Options{Cert: cert, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "--tls-key "+key+": the file may not be read") {
		t.Errorf("got %v", err)
	}
}

// TestTimesAreTold: a certificate that clients will refuse is served, since the
// machine's clock may be wrong, and is warned of.
func TestTimesAreTold(t *testing.T) {
	authority := certstest.NewAuthority(t, "authority")
	for want, leaf := range map[string]certstest.Leaf{
		"level=INFO msg=certificate":             {},
		`level=WARN msg="the certificate has ex`: {NotAfter: time.Now().Add(-time.Hour)},
		`level=WARN msg="the certificate is no`:  {NotBefore: time.Now().Add(time.Hour)},
	} {
		leaf.Hosts = []string{"ml.example.org", "192.0.2.1"}
		cert, key := authority.Issue(leaf).Write(t.TempDir())
		var log bytes.Buffer
		if _, err := certs.New(certs.Options{Cert: cert, Key: key, Log: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
			t.Fatal(err)
		}
		if text := log.String(); !strings.Contains(text, want) || !strings.Contains(text, `names="[ml.example.org 192.0.2.1]"`) {
			t.Errorf("logged %s; want %s", text, want)
		}
	}
}
