//go:build linux

package catalogue_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"penstock/app"
)

// grossly is how long what is due after a few seconds may take before it counts as a
// hang.
const grossly = 30 * time.Second

func connectionEntries() []entry {
	return []entry{
		{1, "headers that come a byte at a time", "a request whose header comes at two bytes a second", "the connection is dropped 5 s after it was opened", true, slowHeader, ""},
		{1, "a connection on which nothing comes", "a TCP connection, and nothing on it", "dropped after 5 s", true, func(s *scene) { s.dial().mustEndWithin(grossly) }, ""},
		{1, "a TLS port on which nothing comes", "TCP connections to a TLS port, silent before the handshake and after it", "dropped after 5 s", true, silentTLS, ""},
		{1, "a body that does not come", "a POST that announces a body and does not send it", "an answer or none, and the connection is dropped within seconds", true, silentBody, ""},
		{2, "a socket that never authenticates", "a handshake without a token, and nothing after it", "closed with 1008 `auth_required` after 5 s", true, func(s *scene) {
			s.socket("/ws/predict").mustEnd(1008, "auth_required")
		}, ""},
		{2, "a large message before authentication", "a message above 4 KiB from somebody who has not authenticated", "closed with 1009", false, func(s *scene) {
			p := s.socket("/ws/predict")
			p.say(`{"type":"auth","token":"` + strings.Repeat("x", 4096) + `"}`)
			p.mustEnd(1009, "…")
		}, ""},
		{2, "something else before authentication", "a request, a ping, rubbish or a binary message before the token", "closed with 1008 `auth_required`; nothing is processed", false, firstMessages, ""},
		{2, "many sockets that never authenticate", "twice as many such sockets as may be open", "those beyond the cap get 503 with Retry-After before the upgrade; who brings a token gets in", true, strangers, ""},
		{3, "handshakes that are none", "wrong method, version, key, session, or a body", "400, 405 or 426 as problem+json", false, badHandshakes, ""},
		{3, "a header of a megabyte", "a header field of 1 MB", "431 as problem+json", false, func(s *scene) {
			s.refused("GET /ws/predict HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n", 431, "header_too_large")
		}, ""},
		{3, "what is no HTTP", "a TLS greeting, zeros or random text where HTTP is spoken", "400 as problem+json, or dropped", true, notHTTP, ""},
		{11, "a reconnect storm", "hundreds of sockets that are opened, used once and reset", "each is served; the next is as well", false, storm, ""},
		{11, "more connections than there may be", "sockets beyond `--max-connections`", "503 with Retry-After before the upgrade; health and metrics still answer; when one leaves the next gets in", false, tooMany, ""},
		{11, "more sockets than a user may have", "sockets beyond the user's number", "503 with Retry-After before the upgrade, or 1013 where the token comes as a message", false, tooManyOfUser, ""},
		{11, "more sockets than an address may have", "sockets beyond `--max-per-address` from one address behind a trusted proxy", "503 with Retry-After; another address gets in", false, tooManyOfAddress, ""},
		{11, "too many handshakes in a second", "handshakes and refused tokens beyond `--handshakes-per-second` from one address", "503, or 429, with Retry-After; another address gets in", false, tooManyHandshakes, ""},
		{11, "no descriptors left", "more connections than the process may have descriptors", "the accept loop survives; health, metrics and new sockets are served", false, nil, "chaos TestSilentConnections"},
		{15, "a page of a foreign origin", "Origin null, evil, a suffix or prefix of ours, another scheme or port, or twice", "403 as problem+json", false, foreignOrigins, ""},
		{15, "a host that is not ours", "Host of another name, also with an Origin to match (DNS rebinding)", "421 as problem+json", false, foreignHosts, ""},
		{27, "operators' pages from the public side", "`/metrics`, pprof and revocation at the public address, with and without a token of scope admin", "404", false, adminInPublic, ""},
		{27, "the admin address without its token", "requests to the admin address without its token, with a caller's token, or from a page of another site", "401; 403", false, adminWithoutToken, ""},
	}
}

func slowHeader(s *scene) {
	p := s.dial()
	go func() {
		for _, b := range []byte(s.hello("/ws/predict") + strings.Repeat("X: y\r\n", 1000)) {
			if p.put([]byte{b}) != nil {
				return
			}
			<-time.After(500 * time.Millisecond)
		}
	}()
	p.mustEndWithin(grossly)
	_ = p.Close()
}

func silentTLS(s *scene) {
	cert, key := certificate(s.T)
	h := open(s.T, func(o *app.Options) { o.TLSCert, o.TLSKey = cert, key })
	s = &scene{T: s.T, house: h, from: s.from, name: s.name}
	silent, spoken := s.dial(), s.dial()
	conn := tls.Client(spoken.Conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	must(s.T, conn.Handshake())
	began := time.Now()
	_ = conn.SetReadDeadline(began.Add(grossly))
	if _, err := conn.Read(make([]byte, 1)); err == nil || time.Since(began) >= grossly {
		s.Errorf("after a TLS handshake: %v after %v", err, time.Since(began))
	}
	silent.mustEndWithin(grossly)
}

func silentBody(s *scene) {
	p := s.dial()
	_ = p.put([]byte("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + s.mine() + "\r\nContent-Length: 100\r\n\r\n{"))
	_ = p.SetReadDeadline(time.Now().Add(grossly))
	response, err := http.ReadResponse(p.in, nil)
	if err == nil {
		if response.StatusCode < 400 {
			body, _ := io.ReadAll(response.Body)
			s.Errorf("answered with %s %s", response.Status, body)
		}
		_ = response.Body.Close()
	}
	p.mustEndWithin(grossly)
}

func firstMessages(s *scene) {
	before := s.metrics(s.T)["penstock_requests_failed_total"]
	for _, message := range []string{good, "ping", "{", `{"type":"auth"}`, `{"type":"hello"}`, ""} {
		p := s.socket("/ws/predict")
		p.say(message)
		p.mustEnd(1008, "auth_required")
	}
	p := s.socket("/ws/dashboard")
	_ = p.put(frame(fin|2, "\x01\x02\x03"))
	p.mustEnd(1008, "auth_required")
	if after := s.metrics(s.T)["penstock_requests_failed_total"]; after != before {
		s.Errorf("%v requests were processed", after-before)
	}
}

func strangers(s *scene) {
	const most, all = 16, 32 // a tenth of the connections, but 16 at least
	s = s.elsewhere(func(o *app.Options) { o.MaxConnections = 100 })
	var in []*peer
	refused := 0
	for range all {
		p := s.dial()
		response, body, err := p.shake(s.hello("/ws/predict") + "\r\n")
		must(s.T, err)
		switch {
		case response.StatusCode == http.StatusSwitchingProtocols:
			in = append(in, p)
		case response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "":
			refused++
		default:
			s.Errorf("%s %s", response.Status, body)
		}
	}
	// A machine so slow that some are gone before the last came lets more in.
	s.Logf("%d of %d got in", len(in), all)
	if len(in) < most || refused == 0 {
		s.Errorf("%d of %d got in, and %d were refused; want %d in", len(in), all, refused, most)
	}
	s.member("/ws/predict").mustServe()
	for _, p := range in {
		p.mustEnd(1008, "auth_required")
	}
	s.socket("/ws/predict").ask(`{"type":"auth","token":"`+s.mine()+`"}`, `{"type":"auth_ok",…}`)
}

func badHandshakes(s *scene) {
	ask := func(method, path string, header ...string) string {
		return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + strings.Join(append(header, ""), "\r\n") + "\r\n"
	}
	const up, upgrade, version, key = "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	bearer := "Authorization: Bearer " + s.mine()
	s.refused(ask("GET", "/ws/predict", bearer), 426, "websocket_required")
	s.refused(ask("GET", "/ws/predict", up, upgrade, "Sec-WebSocket-Version: 12", key, bearer), 426, "bad_handshake")
	s.refused(ask("GET", "/ws/predict", up, upgrade, version, version, key, bearer), 400, "bad_handshake")
	s.refused(ask("GET", "/ws/predict", up, upgrade, version, key, key, bearer), 400, "bad_handshake")
	s.refused(ask("GET", "/ws/predict", up, upgrade, version, "Sec-WebSocket-Key: eA==", bearer), 400, "bad_handshake")
	s.refused(ask("GET", "/ws/predict", up, upgrade, version, key, bearer, "Content-Length: 2")+"hi", 400, "bad_handshake")
	s.refused(ask("GET", "/ws/predict?session=abc", up, upgrade, version, key, bearer), 400, "bad_session")
	s.refused(ask("GET", "/ws/predict?session=%zz", up, upgrade, version, key, bearer), 400, "bad_session")
	s.refused(ask("POST", "/ws/predict", up, upgrade, version, key, bearer), 405, "method_not_allowed")
	s.refused(ask("DELETE", "/", bearer), 405, "method_not_allowed")
	s.refused(ask("GET", "//ws/predict", up, upgrade, version, key, bearer), 404, "not_found")
	s.refused(ask("GET", "/ws/other", up, upgrade, version, key, bearer), 404, "not_found")
}

func notHTTP(s *scene) {
	for _, b := range []string{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 100), strings.Repeat("\x00", 64) + "\r\n\r\n",
		"SSH-2.0-OpenSSH_9.0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	} {
		response, body, err := s.dial().shake(b)
		if err == nil && (response.StatusCode < 400 || response.StatusCode >= 600) {
			s.Errorf("%.20q: %s %s", b, response.Status, body)
		}
	}
}

// parallel calls do for 0 to n-1, eight at a time.
func parallel(n int, do func(i int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	running.Wait()
}

func storm(s *scene) {
	bearer := "Bearer " + s.mine()
	parallel(200, func(int) {
		p, err := s.tryDial(nil)
		if err == nil {
			err = p.tryUpgrade("/ws/predict", "Authorization", bearer)
		}
		if err != nil {
			s.Error(err)
			return
		}
		p.say(good)
		if got, err := p.hear(); err != nil || !matches(got, goodSeen) {
			s.Errorf("%s, %v", got, err)
		}
		_ = p.Close()
	})
	s.member("/ws/predict").mustServe()
}

// mustBeTooMany expects 503 with a time to wait.
func (s *scene) mustBeTooMany(path string, header ...string) {
	s.Helper()
	request := s.hello(path)
	for i := 0; i < len(header); i += 2 {
		request += header[i] + ": " + header[i+1] + "\r\n"
	}
	if h := s.refused(request+"\r\n", 503, "try_again_later"); h.Get("Retry-After") == "" {
		s.Error("503 without Retry-After")
	}
}

func tooMany(s *scene) {
	const most = 8
	s = s.elsewhere(func(o *app.Options) { o.MaxConnections, o.MaxPerUser = most, most })
	var in []*peer
	for range most - 1 { // and the healthy one
		in = append(in, s.member("/ws/predict"))
	}
	s.mustBeTooMany("/ws/predict", "Authorization", "Bearer "+s.mine())
	s.mustBeTooMany("/ws/dashboard", "Authorization", "Bearer "+s.mine())
	if status, _, _ := s.public(s.T, "GET", "/livez", ""); status != 200 {
		s.Errorf("/livez: %d", status)
	}
	if m := s.metrics(s.T); m[`penstock_refused_connections_total{reason="limit"}`] != 2 {
		s.Errorf("counted as refused: %v", m[`penstock_refused_connections_total{reason="limit"}`])
	}
	_ = in[0].put(frame(fin|closing, "\x03\xe8"))
	in[0].mustEnd(1000, "")
	if !within(patience, func() bool { return s.metrics(s.T)["penstock_connections"] < most }) {
		s.Fatal("nobody left")
	}
	s.member("/ws/predict").mustServe()
}

func tooManyOfUser(s *scene) {
	token := s.token(s.T, "few", time.Hour)
	var in []*peer
	for range 3 {
		in = append(in, s.socket("/ws/predict", "Authorization", "Bearer "+token))
	}
	s.mustBeTooMany("/ws/predict", "Authorization", "Bearer "+token)
	s.mustBeTooMany("/ws/predict?token=" + token)
	p := s.socket("/ws/predict")
	p.say(`{"type":"auth","token":"` + token + `"}`)
	p.mustEnd(1013, "this user has 3 connections open, and may have no more")
	for _, p := range in {
		p.mustServe()
	}
	s.member("/ws/predict").mustServe()
}

// proxied is a house behind a proxy, which is whoever comes from the scene's address.
func (s *scene) proxied(change func(*app.Options)) *scene {
	return s.elsewhere(func(o *app.Options) {
		o.TrustedProxies = []string{s.from}
		change(o)
	})
}

func tooManyOfAddress(s *scene) {
	s = s.proxied(func(o *app.Options) { o.MaxPerAddress = 3 })
	bearer := "Bearer " + s.mine()
	for range 3 {
		s.socket("/ws/predict", "Authorization", bearer, "X-Forwarded-For", "203.0.113.7").mustServe()
	}
	s.mustBeTooMany("/ws/predict", "Authorization", bearer, "X-Forwarded-For", "203.0.113.7")
	s.mustBeTooMany("/ws/predict", "Authorization", bearer, "X-Forwarded-For", "198.51.100.1, 203.0.113.7")
	s.socket("/ws/predict", "Authorization", bearer, "X-Forwarded-For", "203.0.113.8").mustServe()
}

func tooManyHandshakes(s *scene) {
	const perSecond, atOnce = 1, 5
	s = s.proxied(func(o *app.Options) { o.HandshakesPerSecond = perSecond })
	request := func(path, from, token string) int {
		response, _, err := s.dial().shake("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: " + from + "\r\nAuthorization: Bearer " + token + "\r\n\r\n")
		must(s.T, err)
		return response.StatusCode
	}
	counts := map[int]int{}
	for range 30 {
		counts[request("/api/me", "203.0.113.7", "bad")]++
	}
	// However slow the machine is, some come within one second of another.
	if counts[401] < atOnce || counts[401]+counts[429] != 30 || counts[429] == 0 {
		s.Errorf("refused tokens were answered with %v", counts)
	}
	refused := 0
	for range 30 {
		response, body, err := s.dial().shake(s.hello("/ws/predict") + "X-Forwarded-For: 203.0.113.7\r\nAuthorization: Bearer " + s.mine() + "\r\n\r\n")
		must(s.T, err)
		if response.StatusCode == 503 && response.Header.Get("Retry-After") != "" {
			refused++
		} else if response.StatusCode != 101 {
			s.Errorf("%s %s", response.Status, body)
		}
	}
	if refused == 0 {
		s.Error("no handshake was refused")
	}
	if status := request("/api/me", "203.0.113.8", s.mine()); status != 200 {
		s.Errorf("another address gets %d", status)
	}
	// From this address no token is looked at for a moment.
	for began := time.Now(); ; {
		status := request("/api/me", "203.0.113.7", s.mine())
		if status == 200 {
			break
		}
		if status != 429 || time.Since(began) > grossly {
			s.Errorf("after %v a good token gets %d", time.Since(began), status)
			break
		}
	}
}

func foreignOrigins(s *scene) {
	own := "http://" + s.Addr().String()
	bearer := "Authorization: Bearer " + s.mine() + "\r\n"
	for _, origin := range []string{
		"null", "http://evil.example", own + ".evil.example", "http://evil" + strings.TrimPrefix(own, "http://"), "https" + strings.TrimPrefix(own, "http"),
		"http://127.0.0.1:1", "ftp://127.0.0.1", "file://", own + ", http://evil.example", "http://\u202e", strings.Repeat("x", 8000),
	} {
		for _, path := range []string{"/ws/predict", "/ws/dashboard", "/events", "/api/me"} {
			s.refused(s.hello(path)+bearer+"Origin: "+origin+"\r\n\r\n", 403, "origin_not_allowed")
		}
	}
	s.refused(s.hello("/ws/predict")+bearer+"Origin: "+own+"\r\nOrigin: "+own+"\r\n\r\n", 403, "origin_not_allowed")
	s.socket("/ws/predict", "Authorization", "Bearer "+s.mine(), "Origin", own).mustServe()
}

func foreignHosts(s *scene) {
	for _, host := range []string{"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost", "*"} {
		for _, origin := range []string{"", "Origin: http://" + host + "\r\n"} {
			s.refused(fmt.Sprintf("GET /ws/predict HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n%s\r\n",
				host, s.mine(), origin), 421, "unknown_host")
		}
	}
}

func adminInPublic(s *scene) {
	for _, header := range [][]string{nil, {"Authorization", "Bearer " + s.mine("admin", "dashboard")}, {"Authorization", "Bearer " + s.admin}} {
		for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/admin", "/..%2fmetrics", "/v1/revoke"} {
			if status, body, _ := s.public(s.T, "GET", path, "", header...); status != 404 {
				s.Errorf("%s: %d %.100s", path, status, body)
			}
		}
		if status, body, _ := s.public(s.T, "POST", "/v1/revoke", `{"user":"healthy-0"}`, header...); status != 405 && status != 404 {
			s.Errorf("POST /v1/revoke: %d %.100s", status, body)
		}
	}
}

func adminWithoutToken(s *scene) {
	address := "http://" + s.AdminAddr().String()
	for _, path := range []string{"/metrics", "/debug/pprof/heap", "/v1/revoke"} {
		for _, header := range [][]string{nil, {"Authorization", "Bearer " + s.mine("admin")}, {"Authorization", "Bearer "}, {"Authorization", "Basic " + s.admin}} {
			if status, body, _ := s.ask(s.T, "GET", address+path, "", header...); status != 401 {
				s.Errorf("%s: %d %.100s", path, status, body)
			}
		}
		if status, body, _ := s.ask(s.T, "GET", address+path+"?token="+s.admin, ""); status != 401 {
			s.Errorf("%s with the token in the address: %d %.100s", path, status, body)
		}
		if status, body, _ := s.ask(s.T, "GET", address+path, "", "Authorization", "Bearer "+s.admin, "Origin", "http://evil.example"); status != 403 {
			s.Errorf("%s from a foreign page: %d %.100s", path, status, body)
		}
	}
}
