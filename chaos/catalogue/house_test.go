//go:build linux

package catalogue_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"penstock/access"
	"penstock/app"
	"penstock/dashboard"
)

// patience is how long a test waits for what must come: long, since machines are slow at
// times, and what must not take long is reported rather than judged.
const patience = 60 * time.Second

const (
	issuer   = "https://id.example.org"
	audience = "penstock"
)

// secrets are what may be shown to nobody. Each house has its own.
type secrets struct {
	hmac, admin, apiKey string
}

func newSecrets() secrets {
	key, _ := access.NewAPIKey()
	return secrets{hmac: rand.Text() + rand.Text(), admin: rand.Text() + rand.Text(), apiKey: key}
}

// roles of the users that have limits of their own.
const roles = `
roles:
  watcher: [dashboard]
users:
  flooder: {rows-per-second: 20}
  talker: {bytes-per-second: 2000}
  few: {sockets: 3}
`

// signer is made once: RSA takes long.
var signer = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// publicPEM is the file of public keys.
func publicPEM() string {
	der, err := x509.MarshalPKIXPublicKey(&signer().PublicKey)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// house is the program, running, which asks everybody for a token.
type house struct {
	*app.App
	secrets
	log   *journal
	trap  *httptest.Server // where no token may send the program
	calls *atomic.Int64    // that came there
	stop  func(testing.TB)
}

// open starts a house that is closed at the end of the test.
func open(t *testing.T, change func(*app.Options)) *house {
	t.Helper()
	return openWith(t, newSecrets(), change)
}

func openWith(t *testing.T, secret secrets, change func(*app.Options)) *house {
	t.Helper()
	h := &house{secrets: secret, log: &journal{}, calls: &atomic.Int64{}}
	h.trap = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { h.calls.Add(1) }))
	t.Cleanup(h.trap.Close)
	options := h.options(t)
	if change != nil {
		change(&options)
	}
	var err error
	h.App, err = app.New(options)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.App.Run(ctx) }()
	var once sync.Once
	h.stop = func(t testing.TB) {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("the end of the program: %v", err)
			}
		})
	}
	t.Cleanup(func() { h.stop(t) })
	return h
}

// options are those of a house that has every way in.
func (h *house) options(t *testing.T) app.Options {
	t.Helper()
	file := func(text string) string { return writeText(t, text) }
	hash := sha256.Sum256([]byte(h.apiKey))
	o := app.Defaults()
	o.Listen, o.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	o.Models = []string{writeBundle(t)}
	o.Workers, o.DrainTimeout = 1, 10*time.Second
	o.Auth = app.AuthToken
	o.JWTSecretFiles = []string{file(h.hmac + "\n")}
	o.JWTPublicKeys = []string{file(publicPEM())}
	o.JWTIssuer, o.JWTAudience = issuer, audience
	o.APIKeysFile = file("keys:\n- {user: sensor, sha256: " + hex.EncodeToString(hash[:]) + ", scopes: [predict, feedback, dashboard, notes]}\n")
	o.Roles = file(roles)
	o.AdminTokenFile = file(h.admin + "\n")
	o.Dashboard = dashboard.Files()
	o.Logger = slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return o
}

// writeText writes a file for the test.
func writeText(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// journal is a log that is kept.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// token is one of a user that lives for so long. Without scopes it has all that callers
// may have.
func (h *house) token(t testing.TB, user string, lives time.Duration, scopes ...string) string {
	t.Helper()
	if len(scopes) == 0 {
		scopes = []string{"predict", "feedback", "dashboard", "notes"}
	}
	text, err := access.Mint([]byte(h.hmac), access.Token{
		User: user, Scopes: scopes, Issuer: issuer, Audience: audience, Issued: time.Now(), Expires: time.Now().Add(lives),
	})
	must(t, err)
	return text
}

// ask sends a request over HTTP on a connection of its own.
func (h *house) ask(t testing.TB, method, url, body string, header ...string) (status int, text string, got http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	must(t, err)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
		request.Header.Add(header[i], header[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	must(t, err)
	defer response.Body.Close()
	all, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	must(t, err)
	return response.StatusCode, string(all), response.Header
}

// public asks where callers do.
func (h *house) public(t testing.TB, method, path, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	return h.ask(t, method, "http://"+h.Addr().String()+path, body, header...)
}

// private asks where operators do, as one of them.
func (h *house) private(t testing.TB, method, path, body string) string {
	t.Helper()
	status, text, _ := h.ask(t, method, "http://"+h.AdminAddr().String()+path, body, "Authorization", "Bearer "+h.admin)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, text)
	}
	return text
}

// metrics are those of now; names have their labels.
func (h *house) metrics(t testing.TB) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for line := range strings.Lines(h.private(t, "GET", "/metrics", "")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if f, err := strconv.ParseFloat(value, 64); err == nil && name != "#" {
			values[name] = f
		}
	}
	return values
}

// holdings are what the process holds.
type holdings struct{ goroutines, files int }

func (h *house) holdings() holdings {
	files, _ := os.ReadDir("/proc/self/fd")
	return holdings{runtime.NumGoroutine(), len(files)}
}

// settled is what the house holds after its first clients came and went: some of what
// it starts it starts for them.
func (h *house) settled(t *testing.T) (least holdings) {
	t.Helper()
	h.attend(t, 1).mustBeWell(t)
	least = holdings{1 << 30, 1 << 30}
	if !within(patience, func() bool { return h.metrics(t)["penstock_connections"] == 0 }) {
		t.Fatal("the first client does not leave")
	}
	for range 10 {
		h.metrics(t)
		now := h.holdings()
		least = holdings{min(least.goroutines, now.goroutines), min(least.files, now.files)}
		<-time.After(10 * time.Millisecond)
	}
	return least
}

// mustRest waits until the house holds no more than before, nothing is in flight, and
// its ledger adds up.
func (h *house) mustRest(t *testing.T, before holdings) {
	t.Helper()
	problem := ""
	if !within(patience, func() bool { problem = h.unrest(t, before); return problem == "" }) {
		t.Errorf("at rest, %s", problem)
	}
}

func (h *house) unrest(t *testing.T, before holdings) string {
	m, now := h.metrics(t), h.holdings()
	requests := func(what string) float64 { return m["penstock_requests_"+what+"_total"] }
	out := requests("predicted") + requests("failed") + requests("shed") + requests("undeliverable")
	switch {
	case now.goroutines > before.goroutines:
		return strconv.Itoa(now.goroutines) + " goroutines run; there were " + strconv.Itoa(before.goroutines)
	case now.files > before.files:
		return strconv.Itoa(now.files) + " descriptors are open; there were " + strconv.Itoa(before.files)
	case requests("received") == 0 || requests("received") != out:
		return strconv.FormatFloat(requests("received")-out, 'f', 0, 64) + " requests are in flight"
	case m["penstock_connections"] != 0:
		return "sockets are open"
	case m["penstock_client_memory_bytes"] != 0:
		return "bytes are counted as held by clients"
	}
	return ""
}

// certificate writes one for this machine, and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	must(t, err)
	folder := t.TempDir()
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// within waits until holds does, and reports false where it does not in time.
func within(d time.Duration, holds func() bool) bool {
	for end := time.Now().Add(d); ; <-time.After(20 * time.Millisecond) {
		if holds() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}
