package accept_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"penstock/server/accept"
)

func TestCaller(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7":             "192.0.2.7",
		"::ffff:192.0.2.7":      "192.0.2.7",
		"2001:db8:1:2:3:4:5:6":  "2001:db8:1:2::/64",
		"2001:db8:1:2:9:9:9:9":  "2001:db8:1:2::/64",
		"fe80::1%eth0":          "fe80::/64",
		"::ffff:192.0.2.7%eth0": "192.0.2.7",
	} {
		if got := accept.Caller(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

func TestParseProxies(t *testing.T) {
	for _, bad := range []string{"", "x", "10.0.0.0/33", "10.0.0.1:80", "localhost", "fe80::1%eth0", "10.0.0"} {
		if _, err := accept.ParseProxies([]string{bad}); err == nil || !strings.Contains(err.Error(), "expected an address or a range") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	proxies, err := accept.ParseProxies([]string{"10.1.2.3/8", "192.0.2.7", "2001:db8::/32"})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"10.9.9.9": true, "::ffff:10.9.9.9": true, "192.0.2.7": true, "192.0.2.8": false, "2001:db8:9::1": true, "2001:db9::1": false,
		"127.0.0.1": false,
	} {
		if got := proxies.Trusted(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is trusted: %v", address, got)
		}
	}
}

// TestClient: nobody can say of himself that he is another.
func TestClient(t *testing.T) {
	proxies, err := accept.ParseProxies([]string{"10.0.0.0/8", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "192.0.2.1", []string{"198.51.100.1"}, "192.0.2.1"},
		{"a proxy that says nothing", "10.0.0.1", nil, "10.0.0.1"},
		{"one client", "10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"what the client wrote itself", "10.0.0.1", []string{"127.0.0.1, 203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"several lines", "127.0.0.1", []string{"203.0.113.9", "198.51.100.1", "10.0.0.2 "}, "198.51.100.1"},
		{"a client among the proxies", "10.0.0.1", []string{"10.0.0.5, 10.0.0.2"}, "10.0.0.5"},
		{"with ports", "10.0.0.1", []string{"198.51.100.1:443"}, "198.51.100.1"},
		{"IPv6", "10.0.0.1", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"IPv6 in brackets", "10.0.0.1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"mapped", "::ffff:10.0.0.1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"nonsense", "10.0.0.1", []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		{"nonsense beyond the client", "10.0.0.1", []string{"unknown, 198.51.100.1"}, "198.51.100.1"},
		{"an empty entry", "10.0.0.1", []string{"198.51.100.1,"}, "10.0.0.1"},
	} {
		header := http.Header{"X-Forwarded-For": c.forwarded, "Forwarded": {`for="_another"`}}
		if c.forwarded == nil {
			header = nil
		}
		got := proxies.Client(netip.MustParseAddr(c.peer).Unmap(), header)
		if got != netip.MustParseAddr(c.want) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestForwarded is RFC 7239, for proxies that write it in place of the older
// headers.
func TestForwarded(t *testing.T) {
	proxies, err := accept.ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		peer   string
		header http.Header
		want   string
		secure bool
	}{
		{"10.0.0.1", http.Header{"Forwarded": {"for=198.51.100.1;proto=https;host=ml.example.org"}}, "198.51.100.1", true},
		{"10.0.0.1", http.Header{"Forwarded": {`Proto=HTTPS; For="[2001:db8::1]:4711"`}}, "2001:db8::1", true},
		{"10.0.0.1", http.Header{"Forwarded": {"for=203.0.113.9;proto=https, for=198.51.100.1;proto=http"}}, "198.51.100.1", false},
		{"10.0.0.1", http.Header{"Forwarded": {"for=198.51.100.1", "for=10.0.0.2;proto=https"}}, "198.51.100.1", true},
		{"10.0.0.1", http.Header{"Forwarded": {"for=unknown"}}, "10.0.0.1", false},
		{"10.0.0.1", http.Header{"Forwarded": {"proto=https"}}, "10.0.0.1", true},
		{"192.0.2.1", http.Header{"Forwarded": {"for=198.51.100.1;proto=https"}}, "192.0.2.1", false},
		{"10.0.0.1", http.Header{"X-Forwarded-Proto": {"http, https"}}, "10.0.0.1", true},
		{"10.0.0.1", http.Header{"X-Forwarded-Proto": {"wss"}}, "10.0.0.1", true},
		{"10.0.0.1", http.Header{"X-Forwarded-Proto": {"wss, ws"}}, "10.0.0.1", false},
		{"10.0.0.1", http.Header{"X-Forwarded-Proto": {"http"}, "Forwarded": {"proto=https"}}, "10.0.0.1", false},
		{"192.0.2.1", http.Header{"X-Forwarded-Proto": {"https"}}, "192.0.2.1", false},
	} {
		peer := netip.MustParseAddr(c.peer)
		if got, secure := proxies.Client(peer, c.header), proxies.Secure(peer, c.header); got != netip.MustParseAddr(c.want) || secure != c.secure {
			t.Errorf("%v: %s, secure %v; want %s, %v", c.header, got, secure, c.want, c.secure)
		}
	}
}
