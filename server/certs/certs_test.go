package certs_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"penstock/reload"
	"penstock/server/certs"
	"penstock/server/certs/certstest"
	"penstock/server/socket/pipe"
)

// rig is a server's certificates, in a folder of their own.
type rig struct {
	t         *testing.T
	folder    string
	authority *certstest.Authority // of the server
	clients   *certstest.Authority // of its clients
	first     certstest.Pair
	registry  *prometheus.Registry
	certs     *certs.Certs
	config    *tls.Config

	mu  sync.Mutex
	log bytes.Buffer
}

// Write takes a line of the log.
func (r *rig) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(line)
}

func start(t *testing.T) *rig {
	t.Helper()
	r := &rig{
		t: t, folder: t.TempDir(), registry: prometheus.NewRegistry(),
		authority: certstest.NewAuthority(t, "servers"), clients: certstest.NewAuthority(t, "clients"),
	}
	r.first = r.authority.Server("first")
	cert, key := r.first.Write(r.folder)
	var err error
	r.certs, err = certs.New(certs.Options{
		Cert: cert, Key: key, ClientCA: r.clients.Write(r.folder), Log: slog.New(slog.NewTextHandler(r, nil)), Registerer: r.registry,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.config = r.certs.Config()
	return r
}

// shake does a handshake, and returns what each side knows of the other.
func (r *rig) shake(client *tls.Config) (atClient, atServer tls.ConnectionState, err error) {
	r.t.Helper()
	near, far := pipe.New()
	defer near.Close()
	if client.RootCAs == nil {
		client.RootCAs = r.authority.Pool()
	}
	client.ServerName = "localhost"
	served := make(chan error, 1)
	server := tls.Server(far, r.config)
	go func() {
		defer far.Close()
		err := server.Handshake()
		if err == nil {
			_, err = server.Write([]byte("x")) // with it, session tickets arrive
		}
		served <- err
	}()
	conn := tls.Client(near, client)
	_, failed := io.ReadFull(conn, make([]byte, 1))
	_ = near.Close()
	return conn.ConnectionState(), server.ConnectionState(), errors.Join(failed, <-served)
}

func (r *rig) mustShake(client *tls.Config) (atClient, atServer tls.ConnectionState) {
	r.t.Helper()
	atClient, atServer, err := r.shake(client)
	if err != nil {
		r.t.Fatal(err)
	}
	return atClient, atServer
}

// TestWhatIsSpoken: TLS 1.2 with authenticated encryption at least, and HTTP/1.1.
func TestWhatIsSpoken(t *testing.T) {
	r := start(t)
	for _, c := range []struct {
		name    string
		config  *tls.Config
		version uint16 // 0 for a refusal
	}{
		{"as it comes", &tls.Config{}, tls.VersionTLS13},
		{"TLS 1.2", &tls.Config{MaxVersion: tls.VersionTLS12}, tls.VersionTLS12},
		{"TLS 1.2, AES-GCM", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}}, tls.VersionTLS12},
		{"TLS 1.2, CBC", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, 0},
		{"TLS 1.2, without forward secrecy", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}, 0},
		{"TLS 1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, 0},
		{"TLS 1.0", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, 0},
		{"HTTP/2 or 1.1", &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, tls.VersionTLS13},
		{"HTTP/2 alone", &tls.Config{NextProtos: []string{"h2"}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			state, _, err := r.shake(c.config)
			if c.version == 0 {
				if err == nil {
					t.Errorf("it was let in with %s", tls.VersionName(state.Version))
				}
				return
			}
			if err != nil || state.Version != c.version || !r.first.Is(state) {
				t.Errorf("%v: %s; want %s and the certificate of the file", err, tls.VersionName(state.Version), tls.VersionName(c.version))
			}
			if c.config.NextProtos != nil && state.NegotiatedProtocol != "http/1.1" {
				t.Errorf("they speak %q", state.NegotiatedProtocol)
			}
		})
	}
}

// TestClientCertificates are verified where they are shown.
func TestClientCertificates(t *testing.T) {
	r := start(t)
	mine := certificate(r.clients.Client("ann"))
	if _, state := r.mustShake(&tls.Config{}); len(state.VerifiedChains) != 0 {
		t.Error("a client without a certificate has a chain")
	}
	if _, state := r.mustShake(mine); len(state.VerifiedChains) != 1 || state.VerifiedChains[0][0].Subject.CommonName != "ann" {
		t.Errorf("chains %v; want that of ann", state.VerifiedChains)
	}
	for name, pair := range map[string]certstest.Pair{
		"another authority's": r.authority.Client("ann"),
		"a server's":          r.clients.Server("ann"),
		"an expired one":      r.clients.Issue(certstest.Leaf{Name: "ann", Client: true, NotAfter: time.Now().Add(-time.Hour)}),
	} {
		if _, _, err := r.shake(certificate(pair)); err == nil {
			t.Errorf("%s was let in", name)
		}
	}
}

// certificate is a client that shows one, whatever the server asks for.
func certificate(p certstest.Pair) *tls.Config {
	return &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &p.TLS, nil }}
}

// inTime runs a test with files that are read again, between two looks at them.
func inTime(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		go r.certs.Run(t.Context())
		time.Sleep(reload.Interval / 2)
		test(r)
	})
}

// logged returns how many lines hold a text.
func (r *rig) logged(text string) int {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Count(r.log.String(), text)
}

const kept = "what was read before stays in force"

// TestReplaced: new handshakes get the new certificate, and the metric its end.
func TestReplaced(t *testing.T) {
	inTime(t, func(r *rig) {
		ends := time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC)
		second := r.authority.Issue(certstest.Leaf{Name: "second", Hosts: []string{"localhost"}, NotAfter: ends})
		second.Write(r.folder)
		if state, _ := r.mustShake(&tls.Config{}); !r.first.Is(state) {
			t.Error("the first certificate was given up before it was looked at again")
		}
		time.Sleep(reload.Interval)
		if state, _ := r.mustShake(&tls.Config{}); !second.Is(state) {
			t.Error("a second later it is still the first")
		}
		time.Sleep(time.Minute)
		if n := r.logged("msg=certificate"); n != 2 {
			t.Errorf("%d lines tell of certificates; want one of each", n)
		}
		want := float64(ends.Unix())
		if got, err := testutil.GatherAndCount(r.registry); err != nil || got != 1 {
			t.Errorf("%d metrics, %v", got, err)
		}
		families, err := r.registry.Gather()
		if err != nil || families[0].GetMetric()[0].GetGauge().GetValue() != want {
			t.Errorf("the metric says %v, %v; want %v", families, err, want)
		}
	})
}

// TestHalfReplaced: between one file and the other the old pair is served, and
// nothing is said; a pair that never fits is said once.
func TestHalfReplaced(t *testing.T) {
	inTime(t, func(r *rig) {
		second := r.authority.Server("second")
		second.WriteCert(r.folder)
		time.Sleep(reload.Interval)
		if state, _ := r.mustShake(&tls.Config{}); !r.first.Is(state) {
			t.Error("half a pair is served")
		}
		second.WriteKey(r.folder)
		time.Sleep(reload.Interval)
		if state, _ := r.mustShake(&tls.Config{}); !second.Is(state) {
			t.Error("the whole pair is not served")
		}
		if n := r.logged(kept); n != 0 {
			t.Error("it was said to be an error")
		}
		r.first.WriteKey(r.folder)
		time.Sleep(time.Minute)
		if state, _ := r.mustShake(&tls.Config{}); !second.Is(state) {
			t.Error("the good pair is not served any more")
		}
		if n := r.logged(kept); n != 1 {
			t.Errorf("said %d times; want once", n)
		}
		if err := os.Remove(r.folder + "/cert.pem"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := r.logged("there is no such file"); n != 1 {
			t.Errorf("a file that is gone is said %d times; want once", n)
		}
	})
}

// TestAuthoritiesReplaced: whoever had a certificate of an authority that is gone
// does not come in again by a session that was resumed.
func TestAuthoritiesReplaced(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			inTime(t, func(r *rig) {
				config := certificate(r.clients.Client("ann"))
				config.MaxVersion, config.ClientSessionCache = version, tls.NewLRUClientSessionCache(9)
				r.mustShake(config)
				if _, state := r.mustShake(config); !state.DidResume || len(state.VerifiedChains) != 1 {
					t.Fatalf("resumed %v with %d chains; want such a session", state.DidResume, len(state.VerifiedChains))
				}
				certstest.NewAuthority(t, "others").Write(r.folder)
				time.Sleep(reload.Interval)
				if _, state, err := r.shake(config); err == nil {
					t.Errorf("it was let in, resumed %v", state.DidResume)
				}
			})
		})
	}
}
