package accept

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Caller returns who is at an address, for whatever is shared out among
// callers. A host with IPv6 has a whole /64 to choose its address from, so that
// counts as one.
func Caller(address netip.Addr) string {
	address = plain(address)
	if !address.Is6() {
		return address.String()
	}
	prefix, _ := address.Prefix(64) // cannot fail: it has 128 bits
	return prefix.String()
}

// plain is an IPv4 address as such, also where a socket for both kinds maps it
// into IPv6.
func plain(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }

// peer returns the address of a TCP connection's other end.
func peer(conn net.Conn) (netip.Addr, bool) {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	address, ok := netip.AddrFromSlice(tcp.IP)
	return plain(address), ok
}

// Proxies are the ranges of addresses whose word about whom they speak for is
// believed.
type Proxies []netip.Prefix

// ParseProxies reads ranges, such as 10.0.0.0/8, and single addresses.
func ParseProxies(texts []string) (Proxies, error) {
	var proxies Proxies
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if address, single := netip.ParseAddr(text); single == nil && address.Zone() == "" {
			address = address.Unmap()
			prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q: expected an address or a range such as 10.0.0.0/8", text)
		}
		proxies = append(proxies, prefix.Masked())
	}
	return proxies, nil
}

// Trusted reports whether an address is a proxy's.
func (p Proxies) Trusted(address netip.Addr) bool {
	address = plain(address)
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}

// Exempt reports whether no limit per address holds for one: the machine's own,
// and those of proxies, behind which there are many callers.
func (p Proxies) Exempt(address netip.Addr) bool {
	return plain(address).IsLoopback() || p.Trusted(address)
}

// Client returns who a request comes from: the peer, or, if that is a proxy,
// the last one in X-Forwarded-For or, without that, Forwarded that is not. Whatever
// stands before that one was written by somebody who is not trusted. Where an
// entry cannot be read, it is the peer.
func (p Proxies) Client(peer netip.Addr, header http.Header) netip.Addr {
	if !p.Trusted(peer) {
		return peer
	}
	addresses := header.Values("X-Forwarded-For")
	if len(addresses) == 0 {
		addresses = forwarded(header, "for")
	}
	client, rest := peer, strings.Join(addresses, ",")
	for rest != "" {
		last := rest
		if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
			rest, last = rest[:comma], rest[comma+1:]
		} else {
			rest = ""
		}
		address, ok := parseForwarded(strings.TrimSpace(last))
		if !ok {
			return peer
		}
		if client = address; !p.Trusted(client) {
			break
		}
	}
	return client
}

// Secure reports whether a request came to a trusted proxy by TLS: the last of
// them says so in X-Forwarded-Proto or, without that, Forwarded.
func (p Proxies) Secure(peer netip.Addr, header http.Header) bool {
	if !p.Trusted(peer) {
		return false
	}
	schemes := header.Values("X-Forwarded-Proto")
	if len(schemes) == 0 {
		schemes = forwarded(header, "proto")
	}
	all := strings.Join(schemes, ",")
	last := strings.TrimSpace(all[strings.LastIndexByte(all, ',')+1:])
	return strings.EqualFold(last, "https") || strings.EqualFold(last, "wss") // as some say of a WebSocket
}

// forwarded returns what the elements of Forwarded say of one thing (RFC 7239,
// section 4), the empty text for those that do not.
func forwarded(header http.Header, name string) (values []string) {
	for element := range strings.SplitSeq(strings.Join(header.Values("Forwarded"), ","), ",") {
		value := ""
		for pair := range strings.SplitSeq(element, ";") {
			if key, v, _ := strings.Cut(pair, "="); strings.EqualFold(strings.TrimSpace(key), name) {
				value = strings.Trim(strings.TrimSpace(v), `"`)
			}
		}
		values = append(values, value)
	}
	return values
}

// parseForwarded reads an address as proxies write it, some with a port.
func parseForwarded(text string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return plain(at.Addr()), true
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	address, err := netip.ParseAddr(text)
	return plain(address), err == nil
}
