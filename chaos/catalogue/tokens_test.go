//go:build linux

package catalogue_test

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// forgery makes tokens that are wrong in one thing.
type forgery struct{ *scene }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// claims are good ones, with changes; nil takes one away.
func (f forgery) claims(change map[string]any) map[string]any {
	all := map[string]any{
		"sub": f.name, "iss": issuer, "aud": audience, "exp": time.Now().Add(time.Hour).Unix(),
		"scope": "predict feedback dashboard notes admin",
	}
	maps.Copy(all, change)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}

// sign puts a token together as it is said, with a key for HMAC.
func (f forgery) sign(header, claims any, key string, newHash func() hash.Hash) string {
	text := encode(marshal(header)) + "." + encode(marshal(claims))
	mac := hmac.New(newHash, []byte(key))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// headed is a token with a good signature, and more in its header.
func (f forgery) headed(more map[string]any) string {
	header := map[string]any{"alg": "HS256", "typ": "JWT"}
	maps.Copy(header, more)
	return f.sign(header, f.claims(nil), f.hmac, sha256.New)
}

// said is a token with a good signature, and other claims.
func (f forgery) said(change map[string]any) string {
	return f.sign(map[string]any{"alg": "HS256"}, f.claims(change), f.hmac, sha256.New)
}

// raw is a token with a good signature over a payload as it is written.
func (f forgery) raw(header, payload string) string {
	text := encode([]byte(header)) + "." + encode([]byte(payload))
	mac := hmac.New(sha256.New, []byte(f.hmac))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

func (f forgery) rsa(method *jwt.SigningMethodRSA, key *rsa.PrivateKey) string {
	text, err := jwt.NewWithClaims(method, jwt.MapClaims(f.claims(nil))).SignedString(key)
	must(f.T, err)
	return text
}

func tokenEntries() []entry {
	const refused = "refused with one constant text: 401, or 1008 `unauthorized`"
	forged := func(name, sent string, tokens func(f forgery) []string) entry {
		return entry{12, name, sent, refused, false, func(s *scene) { s.mustRefuse(tokens(forgery{s})...) }, ""}
	}
	return []entry{
		forged("a token without a signature", "`alg` none in any spelling, an empty signature, one of zeros, none at all", func(f forgery) []string {
			good := strings.Split(f.said(nil), ".")
			list := []string{good[0] + "." + good[1] + ".", good[0] + "." + good[1], good[0] + "." + good[1] + "." + encode(make([]byte, 32)), good[0] + "." + good[1] + ".." + good[2]}
			for _, none := range []string{"none", "None", "NONE", "nOnE", ""} {
				head := encode(marshal(map[string]any{"alg": none})) + "." + good[1]
				list = append(list, head+".", head, head+"."+good[2])
			}
			return list
		}),
		forged("a public key taken for a secret", "HS256 with the RSA public key's text, or its bytes, as the secret; RS256 by another key; RS512 and PS256 by the right one", func(f forgery) []string {
			hs256 := map[string]any{"alg": "HS256"}
			text := publicPEM()
			return []string{
				f.sign(hs256, f.claims(nil), text, sha256.New), f.sign(hs256, f.claims(nil), strings.TrimSpace(text), sha256.New),
				f.sign(hs256, f.claims(nil), string(signer().N.Bytes()), sha256.New), f.sign(map[string]any{"alg": "RS256"}, f.claims(nil), f.hmac, sha256.New),
				f.rsa(jwt.SigningMethodRS512, signer()), f.sign(map[string]any{"alg": "HS512"}, f.claims(nil), f.hmac, sha512.New),
				f.sign(hs256, f.claims(nil), "", sha256.New), f.sign(hs256, f.claims(nil), "secret", sha256.New),
			}
		}),
		forged("an end that is missing, huge or gone", "`exp` missing, null, text, negative, 0, past, 1e300, or years away", func(f forgery) (list []string) {
			for _, exp := range []any{nil, "tomorrow", -1, 0, -1e300, 1e300, 1e11 + 1, time.Now().Add(-time.Second).Unix(), time.Now().AddDate(3, 0, 0).Unix(), []int{1}, true} {
				list = append(list, f.said(map[string]any{"exp": exp}))
			}
			return append(list, f.raw(`{"alg":"HS256"}`, `{"sub":"x","iss":"`+issuer+`","aud":"`+audience+`","exp":null}`))
		}),
		forged("a token that is not valid yet", "`nbf` or `iat` in the future by more than the clocks may differ", func(f forgery) []string {
			later := time.Now().Add(time.Hour).Unix()
			return []string{f.said(map[string]any{"nbf": later}), f.said(map[string]any{"iat": later}), f.said(map[string]any{"nbf": 1e300})}
		}),
		forged("another issuer or audience", "`iss` or `aud` of another, missing, or of the wrong type", func(f forgery) (list []string) {
			for _, other := range []any{nil, "https://evil.example", issuer + "/", strings.ToUpper(issuer), []string{}, 1} {
				list = append(list, f.said(map[string]any{"iss": other}))
			}
			for _, other := range []any{nil, "other", "Penstock", []string{"other"}, []any{1}, map[string]int{}} {
				list = append(list, f.said(map[string]any{"aud": other}))
			}
			return list
		}),
		{12, "a token that says where its key is", "`jku`, `jwk`, `x5u`, `x5c`, `crit`, `b64` in the header, and a `kid` that is an address, a path, SQL or long", refused + "; nobody is called", false, hostileHeaders, ""},
		forged("claims in another spelling", "`SUB`, `Exp`, `ISS` in place of the names that count", func(f forgery) []string {
			return []string{
				f.said(map[string]any{"sub": nil, "SUB": "root"}), f.said(map[string]any{"exp": nil, "Exp": time.Now().Add(time.Hour).Unix()}),
				f.said(map[string]any{"iss": nil, "ISS": issuer}), f.said(map[string]any{"aud": nil, "Aud": audience}),
			}
		}),
		forged("a user who cannot be shown", "`sub` empty, long, a number, with control characters, or not UTF-8", func(f forgery) (list []string) {
			for _, sub := range []any{nil, "", " ", strings.Repeat("a", 129), 1, "a\nlevel=ERROR", "a\x00", "a\u202eb", " a", []string{"a"}} {
				list = append(list, f.said(map[string]any{"sub": sub}))
			}
			return append(list, f.raw(`{"alg":"HS256"}`, `{"sub":"\ud800","iss":"`+issuer+`","aud":"`+audience+`","exp":1}`))
		}),
		forged("what is no token", "dots, text, half of a token, other alphabets, another padding, an array as payload", func(f forgery) []string {
			good := f.said(nil)
			return []string{
				"x", ".", "..", "...", strings.Repeat(".", 1000), good[:len(good)/2], good + ".", "." + good, good + "=", strings.ReplaceAll(good, ".", "/"), "Bearer " + good,
				f.raw(`{"alg":"HS256"}`, `[]`), f.raw(`{"alg":"HS256"}`, `null`), f.raw(`{"alg":"HS256"}`, ``), f.raw(`[]`, `{}`), f.raw(`{"alg":["HS256"]}`, `{}`),
				f.raw(`{"alg":"HS256"}`, strings.Repeat(`{"a":`, 500)), f.raw(`{"alg":"HS256"}`, `{"exp":`+strings.Repeat("9", 4000)+`}`),
			}
		}),
		{12, "a token that is too long", "one byte above 8 KiB; a million dots", "refused before it is parsed; a header as long as that gets 431", false, longTokens, ""},
		{12, "more than one token", "a good token in two places at once, or twice in one", refused + ": nobody can tell which is meant", false, twoTokens, ""},
		{12, "an API key that is wrong", "a key that is not known, one that is cut, another spelling", refused, false, func(s *scene) {
			s.mustRefuse("psk_", s.apiKey[:len(s.apiKey)-1], s.apiKey+"x", strings.ToUpper(s.apiKey), "psk_"+encode(make([]byte, 32)))
			s.socket("/ws/predict", "Authorization", "Bearer "+s.apiKey).mustServe()
		}, ""},
		{12, "a key that an identity provider does not have", "tokens that name unknown keys, in a stream", "refused; the provider is asked a few times at most", false, nil, "access TestIdentityProvider"},
		{14, "a token in the address", "tokens in every place where one may come, good and bad", "none stands in a log line, metric, error, close reason, page or profile", false, nil, "chaos/catalogue TestCanary"},
	}
}

// oneText is what everybody is told whose token is refused.
const oneText = "the token is not accepted; send one that is valid here and has not expired"

// mustRefuse tries tokens in all ways.
func (s *scene) mustRefuse(tokens ...string) {
	s.Helper()
	for _, token := range tokens {
		if !s.mustRefuseHTTP(token) {
			continue
		}
		s.socket("/ws/predict", "Authorization", "Bearer "+token).mustEnd(1008, "unauthorized")
		s.socket("/ws/dashboard", "Sec-WebSocket-Protocol", "penstock.v1, base64url.bearer.authorization.penstock."+encode([]byte(token))).mustEnd(1008, "unauthorized")
		if message := string(marshal(map[string]string{"type": "auth", "token": token})); len(message) <= 4096 {
			p := s.socket("/ws/predict")
			p.say(message)
			p.mustEnd(1008, "unauthorized")
		}
	}
}

// mustRefuseHTTP reports false where the token was accepted.
func (s *scene) mustRefuseHTTP(token string) bool {
	s.Helper()
	for _, ask := range []struct{ method, path, body string }{{"GET", "/api/me", ""}, {"GET", "/events", ""}, {"POST", "/v1/predict", good}} {
		status, text, _ := s.public(s.T, ask.method, ask.path, ask.body, "Authorization", "Bearer "+token)
		if status != 401 || !strings.Contains(text, oneText) || !strings.Contains(text, "unauthorized") {
			s.Errorf("%.60q at %s: %d %s; want 401 with the constant text", token, ask.path, status, text)
			return false
		}
	}
	return true
}

func hostileHeaders(s *scene) {
	f := forgery{s}
	jwk := map[string]string{"kty": "oct", "k": encode([]byte(strings.Repeat("k", 32)))}
	url := s.trap.URL
	var tokens []string
	for _, header := range []map[string]any{
		{"jku": url + "/jku"}, {"x5u": url + "/x5u"}, {"jwk": jwk}, {"x5c": []string{"AAAA"}}, {"crit": []string{"exp"}}, {"crit": []string{}},
		{"b64": false}, {"zip": "DEF"}, {"enc": "A256GCM"}, {"jku": nil}, {"jku": url, "jwk": jwk, "x5u": url},
		{"kid": "../../../../dev/null"}, {"kid": "x' OR '1'='1"}, {"kid": "a\nb"}, {"kid": strings.Repeat("k", 300)},
		{"kid": 1}, {"kid": []string{"a"}}, {"kid": ""}, {"kid": "|" + url}, {"kid": "a b"},
	} {
		tokens = append(tokens, f.headed(header))
	}
	// The same by whoever owns the key that the header brings.
	for _, header := range []map[string]any{{"alg": "HS256", "jwk": jwk}, {"alg": "HS256", "jku": url}, {"alg": "HS256", "kid": url + "/kid"}} {
		tokens = append(tokens, f.sign(header, f.claims(nil), strings.Repeat("k", 32), sha256.New))
	}
	tokens = append(tokens, f.said(map[string]any{"iss": url}))
	s.mustRefuse(tokens...)
	if calls := s.calls.Load(); calls > 0 {
		s.Errorf("%d calls were made to where tokens point", calls)
	}
}

func longTokens(s *scene) {
	f := forgery{s}
	whole := f.said(nil)
	fits := f.said(map[string]any{"pad": strings.Repeat("p", (8<<10-len(whole))*3/4-12)})
	long := f.said(map[string]any{"pad": strings.Repeat("p", (8<<10-len(whole))*3/4+16)})
	if len(fits) > 8<<10 || len(long) <= 8<<10 {
		s.Fatalf("tokens of %d and %d bytes", len(fits), len(long))
	}
	s.socket("/ws/predict", "Authorization", "Bearer "+fits).mustServe()
	s.mustRefuse(long, whole+strings.Repeat("A", 8<<10+1-len(whole)))
	dots := strings.Repeat(".", 1_000_000)
	s.refused(s.hello("/ws/predict")+"Authorization: Bearer "+dots+"\r\n\r\n", 431, "header_too_large")
	p := s.socket("/ws/predict")
	p.say(`{"type":"auth","token":"` + dots + `"}`)
	p.mustEnd(1009, "…")
	p = s.member("/ws/predict")
	p.ask(`{"type":"auth","token":"`+strings.Repeat(".", 1_000_000)+`"}`, typed("null", "unauthorized"))
	p.mustServe()
}

func twoTokens(s *scene) {
	token := s.mine()
	entry := "base64url.bearer.authorization.penstock." + encode([]byte(token))
	bearer := "Bearer " + token
	for _, ways := range [][]string{
		{"/ws/predict?token=" + token, "Authorization", bearer}, {"/ws/predict?token=" + token + "&token=" + token},
		{"/ws/predict", "Authorization", bearer, "Authorization", bearer}, {"/ws/predict", "Authorization", bearer, "Sec-WebSocket-Protocol", entry},
		{"/ws/predict?token=" + token, "Sec-WebSocket-Protocol", entry}, {"/ws/predict", "Sec-WebSocket-Protocol", entry + ", " + entry},
		{"/ws/predict", "Authorization", "Bearer"}, {"/ws/predict?token="}, {"/ws/predict", "Authorization", "Basic " + encode([]byte("a:b"))},
		{"/ws/predict?token=bad", "Authorization", bearer},
	} {
		s.socket(ways[0], ways[1:]...).mustEnd(1008, "unauthorized")
	}
	for _, way := range [][]string{{"/ws/predict", "Authorization", bearer}, {"/ws/predict?token=" + token}, {"/ws/predict", "Sec-WebSocket-Protocol", entry}} {
		s.socket(way[0], way[1:]...).mustServe()
	}
	p := s.socket("/ws/predict")
	p.ask(fmt.Sprintf(`{"type":"auth","token":%q}`, token), `{"type":"auth_ok","user":"`+s.name+`",…}`)
	p.mustServe()
}
