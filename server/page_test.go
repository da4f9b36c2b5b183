package server_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"penstock/server"
)

func withPage(o *server.Options) {
	o.Dashboard = fstest.MapFS{
		"index.html":    {Data: []byte("<!doctype html>plain")},
		"index.html.br": {Data: []byte("brotli")},
		"index.html.gz": {Data: []byte("gzipped")},
		"icon.svg":      {Data: []byte("<svg/>")},
		"weird.bin":     {Data: []byte{0}},
	}
}

// TestPageCodings: the best form that the browser takes is sent, and says so.
func TestPageCodings(t *testing.T) {
	r := start(t, setup{server: withPage})
	etags := make(map[string]string)
	for _, c := range []struct{ path, accepts, coding, body, contentType string }{
		{"/", "br, gzip", "br", "brotli", "text/html; charset=utf-8"},
		{"/index.html", "gzip, deflate, br", "br", "brotli", "text/html; charset=utf-8"},
		{"/", "gzip", "gzip", "gzipped", "text/html; charset=utf-8"},
		{"/", "GZIP;q=0.5", "gzip", "gzipped", "text/html; charset=utf-8"},
		{"/", "br;q=0, gzip ; q=1.0", "gzip", "gzipped", "text/html; charset=utf-8"},
		{"/", "br;q=0.000, gzip;q=0", "", "<!doctype html>plain", "text/html; charset=utf-8"},
		{"/", "identity", "", "<!doctype html>plain", "text/html; charset=utf-8"},
		{"/", "br;q=nonsense, *", "", "<!doctype html>plain", "text/html; charset=utf-8"},
		{"/icon.svg", "br, gzip", "", "<svg/>", "image/svg+xml"},
		{"/weird.bin", "br, gzip", "", "\x00", "application/octet-stream"},
	} {
		response, body := r.get(c.path, "Accept-Encoding", c.accepts)
		h := response.Header
		if response.StatusCode != http.StatusOK || body != c.body || h.Get("Content-Encoding") != c.coding || h.Get("Content-Type") != c.contentType {
			t.Errorf("%s with %q: %s, %q as %q, %q; want %q as %q, %q", c.path, c.accepts, response.Status,
				body, h.Get("Content-Encoding"), h.Get("Content-Type"), c.body, c.coding, c.contentType)
		}
		if h.Get("Vary") != "Accept-Encoding" || h.Get("Cache-Control") != "no-cache" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", c.path, h)
		}
		etag := h.Get("ETag")
		if known, ok := etags[etag]; ok && known != body {
			t.Errorf("%q and %q share the ETag %s", known, body, etag)
		}
		etags[etag] = body
		again, body := r.get(c.path, "Accept-Encoding", c.accepts, "If-None-Match", `"x", W/`+etag)
		if again.StatusCode != http.StatusNotModified || body != "" || again.Header.Get("ETag") != etag {
			t.Errorf("%s again: %s, %q, ETag %s; want 304 and %s", c.path, again.Status, body, again.Header.Get("ETag"), etag)
		}
	}
}

// TestPagePolicy: nothing runs but the page's own files.
func TestPagePolicy(t *testing.T) {
	r := start(t, setup{server: withPage})
	response, _ := r.get("/", "Accept-Encoding", "identity")
	policy := response.Header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'",
		"frame-ancestors 'none'", "require-trusted-types-for 'script'",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q has no %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy %q lets too much in", policy)
	}
}

func TestPageHasKnownPathsOnly(t *testing.T) {
	r := start(t, setup{server: withPage})
	for _, path := range []string{"/live", "/index.html.br", "/index.html.gz", "/../index.html", "/%2e%2e/index.html", "//index.html", "/index.html/"} {
		response, body := r.get(path, "Accept-Encoding", "identity")
		if response.StatusCode == http.StatusOK && !strings.HasSuffix(response.Request.URL.Path, "/index.html") {
			t.Errorf("%s: %s, %q; want nothing there", path, response.Status, body)
		}
	}
	response, body := r.get("/live")
	mustProblem(t, response, body, http.StatusNotFound, "not_found")
	response, body = r.do(http.MethodHead, "/", "Accept-Encoding", "identity")
	if response.StatusCode != http.StatusOK || body != "" || response.ContentLength != int64(len("<!doctype html>plain")) {
		t.Errorf("HEAD: %s, %d bytes, %q", response.Status, response.ContentLength, body)
	}
}
