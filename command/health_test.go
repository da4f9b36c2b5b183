package command

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHealthAsksWhereServeListens by flag, environment or file.
func TestHealthAsksWhereServeListens(t *testing.T) {
	ready := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" || !ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // asks no proxy for its own machine
	for name, c := range map[string]struct {
		variable, value string
		args            []string
	}{
		"flag":                  {args: []string{"--listen=" + address}},
		"url":                   {args: []string{"--url=http://" + address + "/readyz"}},
		"variable":              {variable: "PENSTOCK_LISTEN", value: address},
		"all addresses":         {variable: "PENSTOCK_LISTEN", value: "0.0.0.0:" + port},
		"no host":               {variable: "PENSTOCK_LISTEN", value: ":" + port},
		"URL in a variable":     {variable: "PENSTOCK_HEALTH_URL", value: "http://" + address + "/readyz"},
		"file":                  {args: []string{"--config=" + configFileWith(t, "listen: "+address)}},
		"file of a variable":    {variable: "PENSTOCK_CONFIG", value: configFileWith(t, "listen: "+address)},
		"file, its own section": {args: []string{"--config=" + configFileWith(t, "listen: 127.0.0.1:1\nhealth: {listen: '"+address+"'}")}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.variable != "" {
				t.Setenv(c.variable, c.value)
			}
			args := append([]string{"health"}, c.args...)
			if err := Run(t.Context(), args, "test"); err != nil {
				t.Error(err)
			}
			ready = false
			defer func() { ready = true }()
			if err := Run(t.Context(), args, "test"); err == nil || !strings.Contains(err.Error(), "answers 503") {
				t.Errorf("a server that is not ready: %v", err)
			}
		})
	}
	for listen, want := range map[string]string{"8080": "expected host:port", "127.0.0.1:0": "ask with --url", "127.0.0.1:nothing": "ask with --url"} {
		if err := Run(t.Context(), []string{"health", "--listen=" + listen}, "test"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", listen, err)
		}
	}
}
