//go:build linux

package catalogue_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func outputEntries() []entry {
	return []entry{
		{21, "script where people write", "script in request ids, labels, notes and sessions", "it comes back as JSON text or is refused; the page has a Content-Security-Policy under which nothing foreign runs", false, script, ""},
		{22, "control characters in what is logged", "terminal escapes, line breaks and right-to-left characters in paths, hosts, origins, tokens and user names", "escaped: one event, one line, printable", false, controls, ""},
		{22, "thousands of events that are logged", "refused handshakes, tokens and hosts, in thousands", "at most one line of a kind in a second; the others are counted in `penstock_log_lines_suppressed_total`", false, quiet, ""},
		{23, "names without end", "hundreds of distinct users, models, sessions, paths and labels", "the number of metric series does not move", true, series, ""},
	}
}

func script(s *scene) {
	const evil = `<script>alert(1)</script>`
	p := s.member("/ws/predict")
	p.ask(`{"features":[1,2,3],"request_id":"`+evil+`"}`, `{"type":"prediction","request_id":"`+evil+`",…}`)
	p.ask(`{"type":"feedback","request_id":"`+evil+`","label":"`+evil+`"}`, typed(`"`+evil+`"`, "bad_label"))
	d := s.member("/ws/dashboard")
	d.say(`{"type":"note","text":"` + evil + `"}`)
	d.until(`{"type":"note",…alert(1)…}`)
	for _, path := range []string{"/", "/api/models", "/api/quality", "/api/alerts", "/api/me", "/" + evil, "/api/" + evil} {
		_, body, header := s.public(s.T, "GET", strings.NewReplacer("<", "%3C", ">", "%3E").Replace(path), "", "Authorization", "Bearer "+s.mine())
		kind := header.Get("Content-Type")
		if path == "/" {
			policy := header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
				s.Errorf("the page has the policy %q", policy)
			}
			continue
		}
		if !strings.Contains(kind, "json") || header.Get("X-Content-Type-Options") != "nosniff" || strings.Contains(body, evil) {
			s.Errorf("%s: %s %s", path, kind, body)
		}
	}
}

// hostileTexts are what a log or a terminal might take for something else.
var hostileTexts = []string{"a\nlevel=ERROR msg=forged", "\x1b[2J\x1b[31m", "\r\n\r\n", "a\x00b", "\u202egnp.exe", "\u2028\u2029", "\x7f\x80\xff", `"},{"msg":"forged"`, strings.Repeat("x", 3000)}

func controls(s *scene) {
	f := forgery{s}
	escape := func(text string) string {
		var b strings.Builder
		for _, c := range []byte(text) {
			fmt.Fprintf(&b, "%%%02X", c)
		}
		return b.String()
	}
	for _, evil := range hostileTexts {
		for _, request := range []string{
			s.hello("/ws/predict?session=" + escape(evil)), s.hello("/ws/" + escape(evil)), s.hello("/api/me?" + escape(evil)),
			s.hello("/ws/predict") + "Origin: http://" + evil + "\r\n", s.hello("/ws/predict") + "Authorization: " + evil + "\r\n",
			s.hello("/ws/predict") + "User-Agent: " + evil + "\r\n", s.hello("/ws/predict") + "X-Forwarded-For: " + evil + "\r\n",
			"GET / HTTP/1.1\r\nHost: " + evil + "\r\n", evil,
		} {
			p := s.dial()
			_, _, _ = p.shake(request + "\r\n")
			_ = p.Close()
		}
		s.mustRefuseHTTP(f.said(map[string]any{"sub": evil + "\x01"}))
		p := s.member("/ws/predict")
		p.say(evil)
		p.say(string(marshal(map[string]any{"features": []int{1, 2, 3}, "model": evil, "request_id": evil})))
		_, _ = p.hear()
		_ = p.Close()
	}
	mustBeLines(s.T, s.log.String())
}

// mustBeLines checks that a log has one event a line, and nothing that a terminal would
// obey.
func mustBeLines(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var event struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.Time == "" || event.Level == "" || event.Msg == "" || event.Msg == "forged" {
			t.Errorf("%q is no event: %v", line, err)
		}
		if i := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool {
			return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x2028 || r == 0x2029 || r == 0xfffd
		}); i >= 0 {
			t.Errorf("%q has %q", line, line[i:min(len(line), i+8)])
		}
	}
}

func quiet(s *scene) {
	const times = 300
	before, logged, began := s.metrics(s.T), len(s.log.String()), time.Now()
	parallel(times, func(int) {
		for _, header := range [][]string{{"Authorization", "Bearer bad"}, {"Host", "evil.example"}, {"Origin", "http://evil.example"}, {}} {
			s.public(s.T, "GET", "/api/me", "", header...)
		}
	})
	lines := strings.Count(s.log.String()[logged:], "\n")
	suppressed := s.metrics(s.T)["penstock_log_lines_suppressed_total"] - before["penstock_log_lines_suppressed_total"]
	seconds := 2 + int(time.Since(began).Seconds())
	if lines > 10*seconds || suppressed+float64(lines) < 4*times {
		s.Errorf("%d lines were logged in %d s, and %v counted as left out, of %d", lines, seconds, suppressed, 4*times)
	}
}

func series(s *scene) {
	s = s.elsewhere(nil)
	p := s.member("/ws/predict")
	p.ask(good, goodSeen)
	p.ask(`{"type":"feedback","request_id":1,"label":"a"}`, `{"type":"feedback_ok",…}`)
	_ = p.Close()
	var before map[string]float64
	if !within(patience, func() bool { // what is measured once a second is there
		before = s.metrics(s.T)
		_, there := before[`penstock_model_accuracy{model="tiny"}`]
		return there
	}) {
		s.Fatal("the label is not counted")
	}
	parallel(200, func(i int) {
		p, err := s.tryDial(nil)
		if err == nil {
			err = p.tryUpgrade(fmt.Sprintf("/ws/predict?session=session-of-%08d", i), "Authorization", "Bearer "+s.token(s.T, fmt.Sprintf("user-%d", i), time.Hour))
		}
		if err != nil {
			s.Error(err)
			return
		}
		for n := range 10 {
			p.ask(fmt.Sprintf(`{"features":[1,2,3],"request_id":%d}`, n), `{"type":"prediction",…}`)
			p.ask(fmt.Sprintf(`{"type":"feedback","request_id":%d,"label":"label-%d-%d"}`, n, i, n), typed("…", "bad_label"))
			p.ask(fmt.Sprintf(`{"features":[1,2,3],"request_id":%d,"model":"model-%d-%d"}`, n, i, n), typed("…", "unknown_model"))
			p.ask(fmt.Sprintf(`{"type":"type-%d-%d"}`, i, n), typed("null", "bad_message"))
		}
		_ = p.Close()
		s.public(s.T, "GET", fmt.Sprintf("/path-%d", i), "")
	})
	for name := range s.metrics(s.T) {
		if _, there := before[name]; !there {
			s.Errorf("there is a new metric series %s", name)
		}
	}
}
