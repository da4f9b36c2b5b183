package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ParseOrigins reads the origins whose pages may connect, and returns each as a
// browser spells it in the header Origin. What no browser can send is an error.
// "*" stands for all.
func ParseOrigins(texts []string) ([]string, error) {
	return parseNames(texts, parseOrigin)
}

// ParseHosts reads the names by which clients may call a server, and returns
// each in lower case, without the port and the last dot, which make no
// difference. What no client can send in the header Host is an error.
func ParseHosts(texts []string) ([]string, error) {
	return parseNames(texts, parseHost)
}

func parseNames(texts []string, parse func(string) (string, error)) ([]string, error) {
	var names []string
	for _, text := range texts {
		name, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		names = append(names, name)
	}
	return names, nil
}

func parseOrigin(text string) (string, error) {
	if text == "*" {
		return text, nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "" || u.Host == "":
		return "", errors.New("expected a scheme and a host, such as https://example.org")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil:
		return "", fmt.Errorf("an origin is a scheme, a host and a port alone; expected %s://%s", u.Scheme, u.Host)
	case u.Scheme == "ws" || u.Scheme == "wss":
		return "", fmt.Errorf("an origin is where the page comes from; expected %s://%s", strings.Replace(u.Scheme, "ws", "http", 1), u.Host)
	}
	host, err := parseHost(u.Hostname())
	if err != nil {
		return "", err
	}
	if strings.HasSuffix(u.Hostname(), ".") {
		host += "." // browsers keep it
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port, err := originPort(u)
	return u.Scheme + "://" + host + port, err
}

// originPort is the port of an origin as browsers spell it, with its colon.
func originPort(u *url.URL) (string, error) {
	if u.Port() == "" {
		return "", nil
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		return "", fmt.Errorf("there is no port %s; expected at most 65535", u.Port())
	}
	port := strconv.FormatUint(n, 10)
	if port == defaultPorts[u.Scheme] {
		return "", nil
	}
	return ":" + port, nil
}

// defaultPorts are those that browsers leave out.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

func parseHost(text string) (string, error) {
	host := hostOf(text)
	switch {
	case host == "":
		return "", errors.New("expected a host name, such as ml.example.org")
	case net.ParseIP(host) != nil:
		return spellIP(host), nil
	case strings.Contains(text, "://") || strings.Contains(text, "/"):
		return "", errors.New("expected a host name without scheme and path, such as ml.example.org")
	case strings.Contains(host, "*"):
		return "", errors.New("a * stands for nothing here: a page of any name could then reach this server (DNS rebinding); name each host")
	case strings.ContainsFunc(host, func(r rune) bool { return r > '~' }):
		return "", errors.New("browsers spell such a name in ASCII, as xn--…; expected that spelling")
	case strings.ContainsFunc(host, func(r rune) bool { return !isNameByte(r) }):
		return "", errors.New("expected a host name of letters, digits, dots and hyphens, such as ml.example.org")
	case slices.Contains(strings.Split(host, "."), ""):
		return "", errors.New("a name has no empty part, and a dot before it does not stand for all names below it; name each host")
	case endsInNumber.MatchString(host):
		return "", errors.New("what ends in a number is an IP address; expected it in full, such as 127.0.0.1")
	}
	return host, nil
}

// endsInNumber matches what browsers take for an IPv4 address and spell as one
// (the URL standard, "ends in a number").
var endsInNumber = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)$`)

// spellIP is an address as browsers spell it: the shortest way, and without the
// dots that others write in an IPv4 address within IPv6.
func spellIP(text string) string {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return text
	}
	if ip.Is4In6() {
		b := ip.As16()
		return fmt.Sprintf("::ffff:%x:%x", uint16(b[12])<<8|uint16(b[13]), uint16(b[14])<<8|uint16(b[15]))
	}
	return ip.String()
}

func isNameByte(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_'
}

// hostOf is a host as names are compared: without port, brackets and the last
// dot, in lower case.
func hostOf(hostport string) string {
	host := hostport
	if h, port, err := net.SplitHostPort(hostport); err == nil && isPort(port) {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil || text == ""
}

func (s *Server) knowsHost(hostport string) bool {
	host := hostOf(hostport)
	return host == "localhost" || net.ParseIP(host) != nil || s.wasAllowed(host)
}

// wasAllowed reports whether a host is among those that were named.
func (s *Server) wasAllowed(host string) bool {
	return slices.Contains(s.opt.AllowHosts, spellIP(host))
}

// allowsOrigin accepts pages of this very server, and those that were named.
func (s *Server) allowsOrigin(origin string, r *http.Request) bool {
	return s.ownOrigin(origin, r) || slices.ContainsFunc(s.opt.AllowOrigins, func(allowed string) bool {
		return allowed == "*" || strings.EqualFold(allowed, origin)
	})
}

// ownOrigin reports whether a page is this very server's. Pages of a host that
// was named may come by https as well: it is for TLS proxies that such names are
// given, and not all of them say so.
func (s *Server) ownOrigin(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	scheme := "http"
	if s.secure(r) || u.Scheme == "https" && s.wasAllowed(hostOf(r.Host)) {
		scheme = "https"
	}
	return u.Scheme == scheme && strings.EqualFold(u.Host, withoutDefault(r.Host, scheme))
}

// withoutDefault is a Host without the port that browsers leave out of an
// origin.
func withoutDefault(hostport, scheme string) string {
	return strings.TrimSuffix(hostport, ":"+defaultPorts[scheme])
}
