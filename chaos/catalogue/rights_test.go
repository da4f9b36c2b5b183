//go:build linux

package catalogue_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func rightEntries() []entry {
	return []entry{
		{16, "a token without the scope", "requests, labels, notes, dashboards and pages that the token does not grant, or grants for another model", "E:`forbidden`, 1008 `forbidden` or 403; the socket stays open", false, withoutScope, ""},
		{16, "another user's request", "labels and cancels for the request_id of another user, with the same session name", "E:`unknown_request`", false, othersRequest, ""},
		{16, "scopes that are nobody's", "scopes with other spellings, stars and empty models, and roles that do not exist", "they grant nothing", false, strangeScopes, ""},
		{26, "a flood of good requests", "more rows in a second than the user may send", "E:`rate_limited` with `retry_after_ms`; the socket stays open, and is served again after that", false, flood, ""},
		{26, "a flood of bytes", "more bytes in a second than the user may send", "E:`rate_limited` with `retry_after_ms`; the socket stays open", false, floodOfBytes, ""},
		{26, "a flood over plain HTTP", "the same by `POST /v1/predict`", "429 with Retry-After", false, floodOfPosts, ""},
		{26, "a user who takes all there is", "one user with many sockets at a hundred times the rate of others", "the others' share of batches and of the queue is theirs", false, nil, "inference TestManyStreamsAreOneCaller"},
	}
}

func withoutScope(s *scene) {
	p := s.socket("/ws/predict", "Authorization", "Bearer "+s.mine("feedback:tiny"))
	p.ask(good, typed("1", "forbidden"))
	p.ask(good, typed("1", "forbidden"))
	p = s.socket("/ws/predict", "Authorization", "Bearer "+s.mine("predict:tiny"))
	p.mustServe()
	p.ask(`{"type":"feedback","request_id":1,"label":"a"}`, typed("1", "forbidden"))
	p.mustServe()
	p = s.socket("/ws/predict", "Authorization", "Bearer "+s.mine("predict:other"))
	p.ask(`{"features":[1,2,3],"model":"tiny","request_id":1}`, typed("1", "forbidden"))
	s.socket("/ws/dashboard", "Authorization", "Bearer "+s.mine("predict")).mustEnd(1008, "forbidden")
	d := s.socket("/ws/dashboard", "Authorization", "Bearer "+s.mine("dashboard"))
	d.say(`{"type":"note","text":"hello"}`)
	d.until(typed("null", "forbidden"))
	d.say(`{"type":"accept_baseline","model":"tiny"}`)
	d.until(typed("null", "forbidden"))
	d.say(`{"type":"freeze_calibration","model":"tiny","frozen":true}`)
	d.until(typed("null", "forbidden"))
	for _, path := range []string{"/events", "/api/quality", "/api/alerts"} {
		if status, body, _ := s.public(s.T, "GET", path, "", "Authorization", "Bearer "+s.mine("predict")); status != 403 || !strings.Contains(body, `"forbidden"`) {
			s.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body, _ := s.public(s.T, "POST", "/v1/predict", good, "Authorization", "Bearer "+s.mine("dashboard")); status != 403 {
		s.Errorf("/v1/predict: %d %s", status, body)
	}
}

// until hears messages up to one that matches.
func (p *peer) until(want string) {
	p.s.Helper()
	for {
		got, err := p.hear()
		if err != nil {
			p.s.Errorf("%v before %s", err, want)
			return
		}
		if matches(got, want) {
			return
		}
	}
}

func othersRequest(s *scene) {
	path := "/ws/predict?session=0123456789abcdef"
	mine, other := s.socket(path, "Authorization", "Bearer "+s.mine()), s.socket(path, "Authorization", "Bearer "+s.token(s.T, s.name+"-other", time.Hour))
	mine.mustServe()
	other.ask(`{"type":"feedback","request_id":1,"label":"a"}`, typed("1", "unknown_request"))
	other.ask(`{"type":"cancel","request_id":1}`, typed("1", "unknown_request"))
	mine.ask(`{"type":"feedback","request_id":1,"label":"a"}`, `{"type":"feedback_ok",…}`)
}

func strangeScopes(s *scene) {
	f := forgery{s}
	for _, scope := range []any{"", "PREDICT", "predict:", ":tiny", "*", "predict:*", "predict:TINY", "predict;feedback", "admin:", "openid profile", []string{}, []string{"predict feedback"}} {
		p := s.socket("/ws/predict", "Authorization", "Bearer "+f.said(map[string]any{"scope": scope}))
		p.ask(good, typed("1", "forbidden"))
	}
	p := s.socket("/ws/predict", "Authorization", "Bearer "+f.said(map[string]any{"scope": nil, "roles": []string{"nobody", "watcher", "__proto__"}}))
	p.ask(good, typed("1", "forbidden"))
}

var retryAfter = regexp.MustCompile(`"retry_after_ms":(\d+)`)

// mustLimit sends a message until it is refused as too much, and once more after the
// time that it is told to wait.
func (s *scene) mustLimit(p *peer, message, want string) {
	s.Helper()
	for n := range 500 {
		p.say(message)
		got, err := p.hear()
		must(s.T, err)
		if matches(got, want) {
			continue
		}
		wait := retryAfter.FindStringSubmatch(got)
		if !matches(got, typed("…", "rate_limited")) || wait == nil {
			s.Fatalf("answered with %s", got)
		}
		ms, _ := strconv.Atoi(wait[1])
		if ms < 1 || ms > 60_000 {
			s.Errorf("%d ms to wait", ms)
		}
		<-time.After(time.Duration(ms) * time.Millisecond)
		p.ask("ping", "pong")
		p.ask(message, want)
		s.Logf("limited after %d", n)
		return
	}
	s.Error("500 were taken")
}

func flood(s *scene) {
	p := s.socket("/ws/predict", "Authorization", "Bearer "+s.token(s.T, "flooder", time.Hour))
	rows := `{"features":[` + strings.TrimSuffix(strings.Repeat("[1,2,3],", 10), ",") + `],"request_id":1}`
	s.mustLimit(p, rows, goodSeen)
}

func floodOfBytes(s *scene) {
	p := s.socket("/ws/predict", "Authorization", "Bearer "+s.token(s.T, "talker", time.Hour))
	s.mustLimit(p, good+strings.Repeat(" ", 900), goodSeen)
}

func floodOfPosts(s *scene) {
	bearer := "Bearer " + s.token(s.T, "flooder", time.Hour)
	rows := `{"features":[` + strings.TrimSuffix(strings.Repeat("[1,2,3],", 20), ",") + `],"request_id":1}`
	for range 500 {
		status, body, header := s.public(s.T, "POST", "/v1/predict", rows, "Authorization", bearer)
		if status == 429 && header.Get("Retry-After") != "" && strings.Contains(body, `"rate_limited"`) {
			return
		}
		if status != 200 {
			s.Fatalf("%d %s", status, body)
		}
	}
	s.Error("500 were taken")
}

func messageEntries() []entry {
	row := func(entry string) string { return `{"features":[1,` + entry + `,3],"request_id":1}` }
	repeat := func(what string, n int) string { return strings.TrimSuffix(strings.Repeat(what+",", n), ",") }
	id := func(id string) string { return `{"features":[1,2,3],"request_id":` + id + `}` }
	list := func(number int, name, sent, happens, want string, messages ...string) entry {
		return entry{number, name, sent, happens, false, func(s *scene) {
			p := s.member("/ws/predict")
			for _, m := range messages {
				p.ask(m, want)
			}
			p.mustServe()
		}, ""}
	}
	keys := make([]string, 50_000)
	for i := range keys {
		keys[i] = fmt.Sprintf(`"k%d":0`, i)
	}
	return []entry{
		list(17, "numbers that JSON does not have", "NaN, Infinity, hexadecimal, leading zeros or plus in `features`", "E:`bad_json`", typed("null", "bad_json"),
			row("NaN"), row("Infinity"), row("-Infinity"), row("0x10"), row("01"), row("+1"), row(".5"), row("1.")),
		list(17, "numbers that do not fit", "1e400, 1e39, or a million digits in `features`", "E:`bad_features`", typed("1", "bad_features"),
			row("1e400"), row("1e39"), row("-1e39"), row(strings.Repeat("9", 1_000_000))),
		list(17, "what is no number", "null, text, true, objects, nested arrays in `features`", "E:`bad_features`; null is never 0", typed("1", "bad_features"),
			row("null"), row(`"2"`), row("true"), row("{}"), row("[2]"), `{"features":[[[1,2,3]]],"request_id":1}`, `{"features":"1,2,3","request_id":1}`,
			`{"features":null,"request_id":1}`, `{"features":[[1,2,3],4],"request_id":1}`),
		{17, "NaN and infinity in binary", "binary rows with NaN or infinities, of wrong length, kind, type or flags", "a binary error; the socket stays open", false, binaryRubbish, ""},
		list(18, "a wrong number of features", "none, one too few, one too many, half a million, rows of two lengths", "E:`bad_features` with `expected` and `got`",
			`{"type":"error","request_id":1,"code":"bad_features",…"expected":3,"got":…}`,
			`{"features":[],"request_id":1}`, `{"features":[1,2],"request_id":1}`, `{"features":[1,2,3,4],"request_id":1}`,
			`{"features":[`+repeat("1", 500_000)+`],"request_id":1}`, `{"features":[[1,2,3],[1,2]],"request_id":1}`),
		list(18, "too many rows", "one row more than `--max-rows`, and 300,000 empty ones", "E:`too_many_rows` with `expected` and `got`",
			`{"type":"error","request_id":1,"code":"too_many_rows",…"expected":1024,"got":…}`,
			`{"features":[`+repeat("[1,2,3]", 1025)+`],"request_id":1}`, `{"features":[`+repeat("[]", 300_000)+`],"request_id":1}`),
		list(19, "JSON that is deep", "100,000 arrays or objects in each other", "E:`bad_json`, in time linear in the input", typed("null", "bad_json"),
			strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000), `{"a":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`),
		list(19, "JSON that is not one object", "a BOM, other white space, data after the end, keys twice", "E:`bad_json`", typed("…", "bad_json"),
			"\ufeff"+good, "\u00a0"+good, good+" {}", good+good, `{"features":[1,2,3],"features":[1,2,3],"request_id":1}`, `{"features":[1,2,3],"x":1,"x":2,"request_id":1}`, ""),
		list(19, "very many keys, very long names", "50,000 keys, a type of a megabyte, keys in capitals", "E:`bad_message`, in time linear in the input", typed("…", "bad_message"),
			"{"+strings.Join(keys, ",")+"}", `{"type":"`+strings.Repeat("x", 1_000_000)+`"}`, `{"FEATURES":[1,2,3],"request_id":1}`),
		list(20, "hostile request ids", "a `request_id` of 10 KB or a megabyte, with control or right-to-left characters, or that is an object", "E:`bad_request_id`", typed("null", "bad_request_id"),
			id(`"`+strings.Repeat("x", 10_000)+`"`), id(strings.Repeat("9", 1_000_000)), id(`"a\u0007b"`), id(`"a\nb"`), id(`"a\u202eb"`), id(`"אבג"`), id(`{"a":1}`), id("[1]"), id("true")),
		{20, "a request id that is in flight", "the same `request_id` twice, the first not yet answered", "E:`duplicate_request_id`", false, nil, "server TestIDsInFlightAreOneByTheirCharacters"},
		{17, "a poison row in a batch", "a row for which the model gives NaN or fails, among good ones", "E:`model_error` for that request alone; its batch mates are answered bit for bit as ever", false, nil, "inference TestPoisonFailsItsOwnRequestAlone"},
	}
}

func binaryRubbish(s *scene) {
	request := func(change func(b []byte) []byte) []byte {
		b := make([]byte, 24)
		b[0], b[1], b[4], b[8] = 1, 1, 1, 7
		for _, x := range []float32{1, 2, 3} {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		return change(b)
	}
	value := func(x float64) []byte {
		return request(func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[28:], math.Float32bits(float32(x)))
			return b
		})
	}
	byteAt := func(i int, x byte) []byte { return request(func(b []byte) []byte { b[i] = x; return b }) }
	p := s.member("/ws/predict")
	for _, b := range [][]byte{
		value(math.NaN()), value(math.Inf(1)), value(math.Inf(-1)), byteAt(0, 9), byteAt(1, 9), byteAt(2, 0xfc), byteAt(4, 2), byteAt(4, 0), byteAt(7, 0xff),
		byteAt(20, 1), byteAt(23, 0xff), request(func(b []byte) []byte { return b[:23] }), request(func(b []byte) []byte { return b[:25] }),
		request(func(b []byte) []byte { return append(b, 0) }), {}, {1}, {0xff}, bytes.Repeat([]byte{2}, 100), make([]byte, mebi),
	} {
		_ = p.put(frame(fin|2, string(b)))
		got, err := p.hear()
		if err != nil || len(got) < 16 || got[0] != 0xff {
			s.Errorf("% x was answered with %.40q, %v", b[:min(len(b), 30)], got, err)
		}
	}
	p.mustServe()
}

func labelEntries() []entry {
	return []entry{
		{24, "labels that count for nothing", "labels for unknown requests, twice, of no class, of the wrong shape, before any prediction", "typed errors; each prediction counts once", false, badLabels, ""},
		{24, "somebody else's label", "a label for another user's prediction", "E:`unknown_request`, as for one that never was; the owner's label counts", false, othersRequest, ""},
		{25, "a user who labels all of it wrong", "wrong labels by one user, nine of ten of all", "dashboards see whose they are, and an alert `labeller_share` names the user", true, wrongLabels, ""},
	}
}

func badLabels(s *scene) {
	p := s.member("/ws/predict")
	label := func(rest string) string { return `{"type":"feedback","request_id":1,` + rest + `}` }
	p.ask(label(`"label":"a"`), typed("1", "unknown_request"))
	p.mustServe()
	for _, rest := range []string{`"label":"z"`, `"label":3`, `"label":-1`, `"label":1e400`, `"label":null`, `"label":[]`, `"label":{}`, `"labels":["a","b"]`, `"label":"a","labels":["a"]`} {
		p.ask(label(rest), typed("1", "bad_label"))
	}
	p.ask(label(`"label":"a"`), `{"type":"feedback_ok","request_id":1,…}`)
	p.ask(label(`"label":"a"`), typed("1", "duplicate_feedback"))
	p.ask(label(`"label":"b"`), typed("1", "duplicate_feedback"))
	p.ask(`{"type":"feedback","label":"a"}`, typed("null", "bad_request_id"))
}

// predictAndLabel sends n requests of a user and a label for each.
func (s *scene) predictAndLabel(user string, n int, label string) {
	s.Helper()
	p := s.socket("/ws/predict", "Authorization", "Bearer "+s.token(s.T, user, time.Hour))
	for i := range n {
		p.ask(fmt.Sprintf(`{"features":[1,2,3],"request_id":%d}`, i), `{"type":"prediction",…}`)
		p.ask(fmt.Sprintf(`{"type":"feedback","request_id":%d,"label":%q}`, i, label), `{"type":"feedback_ok",…}`)
	}
}

func wrongLabels(s *scene) {
	s = s.elsewhere(nil)
	s.predictAndLabel(s.name, 90, "c")
	s.predictAndLabel("honest", 10, "a")
	told := func() bool {
		_, body, _ := s.public(s.T, "GET", "/api/alerts", "", "Authorization", "Bearer "+s.mine())
		return strings.Contains(body, `"labeller_share"`) && strings.Contains(body, s.name)
	}
	if !within(patience, told) {
		_, body, _ := s.public(s.T, "GET", "/api/alerts", "", "Authorization", "Bearer "+s.mine())
		s.Errorf("no alert names the user: %s", body)
	}
}
