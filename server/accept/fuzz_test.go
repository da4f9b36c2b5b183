package accept_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"penstock/server/accept"
)

// FuzzClient: whatever stands in the headers of proxies, who is not trusted is taken for
// himself, and of what a trusted proxy says only what the proxies nearest to us added
// counts.
func FuzzClient(f *testing.F) {
	for _, c := range [][3]string{
		{"10.0.0.1", "198.51.100.1, 10.0.0.2", ""}, {"192.0.2.1", "198.51.100.1", ""}, {"10.0.0.1", "", `for=198.51.100.1;proto=https, for="[2001:db8::1]:80"`},
		{"10.0.0.1", "x, 198.51.100.1:80", ""}, {"::ffff:10.0.0.1", "[::1]:5,,", "for=_hidden"}, {"10.0.0.1", "fe80::1%eth0", "for=unknown;for=1"}, {"10.0.0.1", ",", ";=,="},
	} {
		f.Add(c[0], c[1], c[2])
	}
	proxies, err := accept.ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, from, xff, forwarded string) {
		peer, err := netip.ParseAddr(from)
		if err != nil {
			return
		}
		header := http.Header{}
		if xff != "" {
			header.Set("X-Forwarded-For", xff)
		}
		if forwarded != "" {
			header.Set("Forwarded", forwarded)
		}
		client := proxies.Client(peer, header)
		if !client.IsValid() || !proxies.Trusted(peer) && client != peer {
			t.Fatalf("%s with %q and %q is taken for %v", from, xff, forwarded, client)
		}
		if client != peer && !strings.Contains(strings.ToLower(xff+forwarded), strings.ToLower(lastWord(client))) {
			t.Fatalf("%s with %q and %q is taken for %v, which nobody said", from, xff, forwarded, client)
		}
		// Whatever a client says of himself stands before what the proxy adds.
		header.Set("X-Forwarded-For", xff+", 198.51.100.77")
		if got := proxies.Client(netip.MustParseAddr("10.0.0.1"), header); got != netip.MustParseAddr("198.51.100.77") {
			t.Fatalf("with %q before it the client is %v", xff, got)
		}
		_ = accept.Caller(client)
		_ = proxies.Secure(peer, header)
	})
}

// lastWord is a part of an address that stands in every way of writing it.
func lastWord(address netip.Addr) string {
	if address.Is4() {
		return "" // it may have been written as IPv6, in hexadecimal
	}
	text := address.WithZone("").String()
	return text[strings.LastIndexByte(text, ':')+1:]
}

// FuzzProxies: what is taken for ranges of proxies is what it says.
func FuzzProxies(f *testing.F) {
	for _, text := range []string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::ffff:10.0.0.1", "fe80::1%eth0", "10.0.0.0/33", "", "/", "::/0", "0.0.0.0/0", "::ffff:0:0/96"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		proxies, err := accept.ParseProxies([]string{text})
		if err != nil {
			return
		}
		if len(proxies) != 1 || !proxies[0].IsValid() || proxies[0] != proxies[0].Masked() {
			t.Fatalf("%q is %v", text, proxies)
		}
		if _, err := accept.ParseProxies([]string{proxies[0].String()}); err != nil {
			t.Fatalf("%q is %v, which is refused: %v", text, proxies, err)
		}
	})
}
