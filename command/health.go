package command

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"penstock/bench"
)

// healthCmd asks a running server whether it is ready: the health check of a
// container that has no other program.
type healthCmd struct {
	Listen  string `default:"127.0.0.1:8080" help:"Where the server listens: what serve is told, by environment and config too."`
	TLSCert string `name:"tls-cert" help:"What serve is told: with it the server is asked by TLS. The file is not read, nor is the server's certificate checked: it is for the name that clients use, which a machine that asks itself does not." placeholder:"FILE"`
	URL     string `name:"url" env:"PENSTOCK_HEALTH_URL" help:"What to ask instead, where https checks the certificate. Default: /readyz on this machine, where the server listens." placeholder:"URL"`
	CA      string `name:"ca" help:"PEM file of the authorities that may vouch for the server. Default: those of the system." placeholder:"FILE"`
}

// Run returns an error unless the server answers that it is ready.
func (c healthCmd) Run(ctx context.Context) error {
	url, err := c.url()
	if err != nil {
		return err
	}
	config, err := c.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("--url %q: expected an address, such as http://127.0.0.1:8080/readyz: %w", url, err)
	}
	// No proxy of the environment's lies between a machine and itself.
	asker := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: config}}
	resp, err := asker.Do(req)
	if err != nil {
		return fmt.Errorf("no server answers: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusBadRequest && strings.HasPrefix(url, "http:"):
		return fmt.Errorf("%s answers %s; if it speaks TLS, give --tls-cert as to serve, or a --url that begins with https", url, resp.Status)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}

// config is how the server is asked by TLS. It is not checked where the question
// goes to the machine itself and gives nothing away: nobody else can be there, and
// the certificate is for another name.
func (c healthCmd) config() (*tls.Config, error) {
	if c.URL == "" && c.CA == "" {
		return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, nil //nolint:gosec // as is said above
	}
	options, err := bench.Reach{CA: c.CA}.Options()
	return options.TLS, named(err)
}

// url is what to ask: a server that listens on all addresses is asked on loopback.
func (c healthCmd) url() (string, error) {
	if c.URL != "" {
		return c.URL, nil
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", fmt.Errorf("--listen %q: expected host:port, such as 127.0.0.1:8080", c.Listen)
	}
	if n, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", port); err != nil || n == 0 {
		return "", fmt.Errorf("--listen %q: which port that is only the server's log tells; ask with --url", c.Listen)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // both families: whichever the server has
		if ip.To4() != nil {
			host = "127.0.0.1"
		}
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/readyz", nil
}
