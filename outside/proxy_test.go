//go:build linux

package outside_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// kind is one of the proxies that deploy/ has a configuration for.
type kind struct {
	name, config string
	// places are what stands in the configuration, and what a test puts there; both
	// may name a placeholder of site.fill.
	places [][2]string
	// wrap makes the whole configuration of what is to be part of one.
	wrap string
	// command runs it, with the path of the configuration for CONFIG.
	command []string
	// idle is the line that says how long a socket may be silent.
	idle string
}

var kinds = []kind{
	{
		name: "nginx", config: "nginx.conf",
		places: [][2]string{
			{"127.0.0.1:8080", "UPSTREAM"}, {"listen 443 ssl", "listen 127.0.0.1:PORT ssl"},
			{"/etc/ssl/certs/ml.example.org.pem", "CERT"}, {"/etc/ssl/private/ml.example.org.key", "KEY"},
			{"/var/log/nginx/penstock.log", "LOG"},
		},
		wrap: "daemon off; user root; worker_processes 1; pid FOLDER/pid; error_log stderr warn;\n" +
			"events { worker_connections 1024; }\n" +
			"http {\nclient_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/fastcgi;\n" +
			"uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;\nCONTENT\n}\n",
		command: []string{"nginx", "-p", "FOLDER", "-e", "stderr", "-c", "CONFIG"},
		idle:    "proxy_read_timeout 60s;",
	},
	{
		name: "haproxy", config: "haproxy.cfg",
		places: [][2]string{
			{"127.0.0.1:8080", "UPSTREAM"}, {"bind :443", "bind 127.0.0.1:PORT"}, {"/etc/haproxy/ml.example.org.pem", "BOTH"},
			{"user haproxy", ""}, {"group haproxy", ""}, {"maxconn 20000", "maxconn 1000"},
		},
		wrap: "CONTENT", command: []string{"haproxy", "-db", "-f", "CONFIG"},
		idle: "timeout tunnel 60s",
	},
	{
		name: "caddy", config: "Caddyfile",
		places: [][2]string{
			{"127.0.0.1:8080", "UPSTREAM"}, {"/etc/ssl/certs/ml.example.org.pem", "CERT"}, {"/etc/ssl/private/ml.example.org.key", "KEY"},
			{"/var/log/caddy/penstock.log", "LOG"},
		},
		wrap: "{\n\tadmin off\n\tauto_https disable_redirects\n\thttps_port PORT\n\tdefault_bind 127.0.0.1\n" +
			"\tstorage file_system FOLDER\n}\nCONTENT",
		command: []string{"caddy", "run", "--adapter", "caddyfile", "--config", "CONFIG"},
	},
}

// proxy is one that runs in front of the program.
type proxy struct {
	*process
	kind    kind
	address string
	trust   *tls.Config
	log     string // the path of its access log; empty where it is what it says
}

// front starts a proxy in front of an address, with the configuration of deploy/ and
// silent sockets cut after idle, or as it says where that is empty.
func front(t *testing.T, k kind, upstream, idle string) *proxy {
	t.Helper()
	name := found(t, k.command[0])
	cert := newCertificate(t)
	// A free port may be taken before the proxy comes to it.
	for range 3 {
		p := &proxy{kind: k, address: freeAddress(t), trust: cert.trust, log: filepath.Join(t.TempDir(), "access.log")}
		config := filepath.Join(t.TempDir(), k.config)
		_, port, _ := net.SplitHostPort(p.address)
		fill := strings.NewReplacer("UPSTREAM", upstream, "PORT", port, "CERT", cert.cert, "KEY", cert.key, "BOTH", cert.both,
			"LOG", p.log, "FOLDER", filepath.Dir(config), "CONFIG", config)
		must(t, os.WriteFile(config, []byte(fill.Replace(strings.ReplaceAll(k.wrap, "CONTENT", k.content(t, idle)))), 0o600))
		var args []string
		for _, arg := range k.command[1:] {
			args = append(args, fill.Replace(arg))
		}
		p.process = run(t, []string{"HOME=" + filepath.Dir(config), "XDG_DATA_HOME=" + filepath.Dir(config), "XDG_CONFIG_HOME=" + filepath.Dir(config)}, name, args...)
		if p.ready() {
			return p
		}
		t.Logf("%s ended with %v; it said:\n%s", k.name, p.err, p.said.String())
	}
	t.Fatalf("%s does not start", k.name)
	return nil
}

// content is the configuration of deploy/ with a test's own ports and paths in it.
func (k kind) content(t *testing.T, idle string) string {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "deploy", k.config))
	must(t, err)
	text := string(file)
	places := k.places
	if idle != "" {
		places = append(places[:len(places):len(places)], [2]string{k.idle, strings.Replace(k.idle, "60s", idle, 1)})
	}
	for _, place := range places {
		if !strings.Contains(text, place[0]) {
			t.Fatalf("deploy/%s does not have %q", k.config, place[0])
		}
		text = strings.ReplaceAll(text, place[0], place[1])
	}
	return text
}

// ready waits until the proxy shows the test's certificate and its backend is up. It
// reports false when the proxy has ended.
func (p *proxy) ready() bool {
	p.t.Helper()
	client := p.client("")
	defer client.CloseIdleConnections()
	up := false
	eventually(p.t, p.kind.name+" to serve", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+site+"/readyz", http.NoBody)
		must(p.t, err)
		if response, err := client.Do(request); err == nil {
			_ = response.Body.Close()
			up = response.StatusCode == http.StatusOK
		}
		return up || p.gone()
	})
	return up
}

// client is an HTTP client that finds the site at the proxy. It calls from an address
// of its own, if it is given one.
func (p *proxy) client(from string) *http.Client {
	dialer := &net.Dialer{}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: p.trust,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, p.address)
		},
	}}
}

// wrote is all that the proxy has logged.
func (p *proxy) wrote() string {
	file, err := os.ReadFile(p.log)
	if err != nil && !os.IsNotExist(err) {
		p.t.Error(err)
	}
	return fmt.Sprintf("%s%s", file, p.said.String())
}

// freeAddress is one that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
