package command

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// tlsFront puts TLS in front of a server, and notes the tokens that come in.
func tlsFront(t *testing.T, address string) (front, ca string, tokens func() []string) {
	t.Helper()
	var mu sync.Mutex
	var got []string
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = append(got, r.Header.Get("Authorization"))
		mu.Unlock()
		r.Host = address
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	ca = fileWith(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	return "wss" + strings.TrimPrefix(server.URL, "https"), ca, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

func fileWith(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load and demo come in with a token over TLS, whose authority they are told.
func TestClientsComeInWithAToken(t *testing.T) {
	front, ca, tokens := tlsFront(t, startServing(t))
	token := fileWith(t, "token", "  secret-of-the-load\n")
	for _, args := range [][]string{
		{"load", "--in-flight=1", "--warmup=0s", "--duration=100ms", "--connections=2", "--token-file=" + token, "--json"},
		{"demo", "--duration=100ms", "--connections=2", "--label-delay-min=0s", "--label-delay-max=1ms", "--token-file=" + token},
	} {
		before := len(tokens())
		if err := Run(t.Context(), append(args, "--url="+front, "--ca="+ca), "test"); err != nil {
			t.Errorf("%s: %v", args[0], err)
		}
		got := tokens()[before:]
		if len(got) != 2 || got[0] != "Bearer secret-of-the-load" || got[1] != got[0] {
			t.Errorf("%s sent %q", args[0], got)
		}
	}
	t.Setenv("PENSTOCK_TOKEN_FILE", token)
	t.Setenv("PENSTOCK_CA", ca)
	before := len(tokens())
	if err := Run(t.Context(), []string{"load", "--in-flight=1", "--warmup=0s", "--duration=100ms", "--connections=1", "--json", "--url=" + front}, "test"); err != nil {
		t.Error(err)
	}
	if got := tokens()[before:]; len(got) != 1 || got[0] != "Bearer secret-of-the-load" {
		t.Errorf("sent %q", got)
	}
}

func TestTokenFilesThatAreRefused(t *testing.T) {
	for want, args := range map[string][]string{
		"--token-file is of no use: open nowhere": {"--token-file=nowhere"},
		"is empty; expected a token":              {"--token-file=" + fileWith(t, "a", "\n")},
		"one token on one line":                   {"--token-file=" + fileWith(t, "b", "canary-one\ncanary-two\n")},
		"other characters that no token has":      {"--token-file=" + fileWith(t, "c", "canary\u00e9")},
		"--ca cannot be read: open nowhere":       {"--ca=nowhere"},
		"has no certificate in PEM":               {"--ca=" + fileWith(t, "d", "canary")},
		"the address has a token, and there":      {"--url=ws://127.0.0.1:1/?token=canary", "--token-file=" + fileWith(t, "e", "another")},
		"client: no connection: failed to Web":    {"--url=ws://127.0.0.1:1/?token=canary"},
	} {
		for _, command := range []string{"load", "demo"} {
			err := Run(t.Context(), append([]string{command}, args...), "test")
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s %v: %v; want %q", command, args, err, want)
			}
		}
	}
}
