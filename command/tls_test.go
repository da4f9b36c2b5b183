package command

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"penstock/server/certs/certstest"
)

// startSecured serves with TLS, and returns where, and the authority's file.
func startSecured(t *testing.T) (address, authority string) {
	t.Helper()
	folder := t.TempDir()
	a := certstest.NewAuthority(t, "authority")
	cert, key := a.Server("server").Write(folder)
	return startServing(t, "--tls-cert="+cert, "--tls-key="+key), a.Write(folder)
}

// TestHealthOverTLS is told as serve is, by flag, environment or file, and then
// checks no name; an address that is given is checked.
func TestHealthOverTLS(t *testing.T) {
	address, authority := startSecured(t)
	_, port, _ := strings.Cut(address, ":")
	file := configFileWith(t, "listen: "+address+"\ntls: {cert: cert.pem, key: key.pem}")
	for name, c := range map[string]struct {
		variable string
		args     []string
		want     string // of the error; empty for none
	}{
		"flag":                {args: []string{"--listen=" + address, "--tls-cert=cert.pem"}},
		"variable":            {variable: "cert.pem", args: []string{"--listen=" + address}},
		"file":                {args: []string{"--config=" + file}},
		"all addresses":       {args: []string{"--listen=0.0.0.0:" + port, "--tls-cert=cert.pem"}},
		"URL":                 {args: []string{"--url=https://" + address + "/readyz", "--ca=" + authority}},
		"URL, nobody's word":  {args: []string{"--url=https://" + address + "/readyz"}, want: "no server answers: "},
		"not told":            {args: []string{"--listen=" + address}, want: "if it speaks TLS, give --tls-cert as to serve"},
		"an authority's file": {args: []string{"--url=https://" + address + "/readyz", "--ca=none.pem"}, want: "--ca cannot be read: open none.pem"},
		"no authority's file": {args: []string{"--url=https://" + address + "/readyz", "--ca=" + file}, want: "which has no certificate in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.variable != "" {
				t.Setenv("PENSTOCK_TLS_CERT", c.variable)
			}
			err := Run(t.Context(), append([]string{"health"}, c.args...), "test")
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

// TestClientsOverTLS trust whom they are told to trust.
func TestClientsOverTLS(t *testing.T) {
	address, authority := startSecured(t)
	for _, command := range [][]string{
		{"load", "--rate=50", "--connections=2", "--duration=200ms", "--warmup=0s"},
		{"demo", "--rate=50", "--connections=2", "--duration=200ms", "--label-delay-min=0s", "--label-delay-max=10ms"},
	} {
		args := slices.Concat(command, []string{"--url=wss://" + address})
		if err := Run(t.Context(), args, "test"); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s of an unknown authority: %v", command[0], err)
		}
		if err := Run(t.Context(), slices.Concat(args, []string{"--ca=" + authority}), "test"); err != nil {
			t.Errorf("%s: %v", command[0], err)
		}
		if err := Run(t.Context(), slices.Concat(args, []string{"--ca=" + filepath.Join(t.TempDir(), "none")}), "test"); err == nil || !strings.Contains(err.Error(), "--ca") {
			t.Errorf("%s with a file that is not there: %v", command[0], err)
		}
	}
}
