//go:build linux

package outside_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTLS has testssl.sh look at what the program offers by TLS: protocols, ciphers,
// forward secrecy, defaults, and every weakness that it knows. What it finds serious
// must have to do with nothing but the certificate, which is the test's own.
func TestTLS(t *testing.T) {
	t.Parallel()
	tool := found(t, "testssl")
	cert := newCertificate(t)
	p := serve(t, "--tls-cert="+cert.cert, "--tls-key="+cert.key, "--allow-host="+site)
	report := filepath.Join(t.TempDir(), "report.json")
	run(t, nil, tool, "--quiet", "--warnings", "off", "-n", "none", "--jsonfile", report,
		"-p", "-s", "-f", "-S", "-U", p.address).well() // its status counts what it found, also in the certificate
	file, err := os.ReadFile(report)
	must(t, err)
	var findings []struct{ ID, Severity, Finding, CVE string }
	must(t, json.Unmarshal(file, &findings))
	seen := map[string]string{}
	for _, f := range findings {
		seen[f.ID] = f.Finding
		if (f.Severity == "HIGH" || f.Severity == "CRITICAL") && !strings.HasPrefix(f.ID, "cert_") {
			t.Errorf("%s, %s: %s %s", f.ID, f.Severity, f.Finding, f.CVE)
		}
	}
	for id, want := range map[string]string{
		"TLS1": "not offered", "TLS1_1": "not offered", "TLS1_2": "offered", "TLS1_3": "offered",
		"heartbleed": "not vulnerable", "ROBOT": "not vulnerable", "secure_client_renego": "not vulnerable", "cipherlist_STRONG": "offered",
	} {
		if !strings.HasPrefix(seen[id], want) {
			t.Errorf("%s is %q; want %s", id, seen[id], want)
		}
	}
	c := (&proxy{address: p.address, trust: cert.trust}).client("")
	t.Cleanup(c.CloseIdleConnections)
	mustDial(t, c, predictURL).ask("afterwards")
	if status, body := get(t, c, http.MethodGet, "/readyz", ""); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, body)
	}
}
