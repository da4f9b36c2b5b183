package access_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"penstock/access"
)

func TestGoodToken(t *testing.T) {
	g := newGuard(t, nil)
	id, err := g.Token(t.Context(), good(t, jwt.MapClaims{"groups": []string{"ops"}, "jti": "7"}))
	must(t, err)
	s, err := g.Enter(id, access.Entry{})
	must(t, err)
	defer s.Leave()
	if s.User() != "ann" || s.Share() != "user ann" || !s.MayJoin("ops") || s.MayJoin("other") {
		t.Errorf("%s, %s, groups %v", s.User(), s.Share(), s.Groups())
	}
	for _, c := range []struct {
		action access.Action
		model  string
		want   error
	}{
		{access.Predict, "digits", nil},
		{access.Predict, "", nil},
		{access.Feedback, "digits", nil},
		{access.Feedback, "", nil},
		{access.Feedback, "other", access.ErrForbidden},
		{access.Dashboard, "", access.ErrForbidden},
		{access.Admin, "", access.ErrForbidden},
	} {
		if err := s.May(c.action, c.model, time.Time{}); err != c.want { //nolint:errorlint // it is that very one
			t.Errorf("%s with %q: %v; want %v", c.action, c.model, err, c.want)
		}
	}
}

// TestRefusedTokens: whatever is wrong with a token, it is refused, with one text.
func TestRefusedTokens(t *testing.T) {
	g := newGuard(t, func(o *access.Options) { o.Issuer, o.Audience = "https://id", "penstock" })
	right := jwt.MapClaims{"iss": "https://id", "aud": "penstock"}
	with := func(change jwt.MapClaims) string {
		for name, value := range right {
			if _, said := change[name]; !said {
				change[name] = value
			}
		}
		return good(t, change)
	}
	if _, err := g.Token(t.Context(), with(jwt.MapClaims{})); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Token(t.Context(), with(jwt.MapClaims{"aud": []string{"other", "penstock"}, "kid": "1"})); err != nil {
		t.Error(err)
	}
	whole := with(jwt.MapClaims{})
	parts := strings.Split(whole, ".")
	headed := func(header map[string]any) string {
		return sign(t, jwt.SigningMethodHS256, secret, claims(right), header)
	}
	now := time.Now()
	for name, c := range map[string]struct {
		token string
		why   access.Reason
	}{
		"none":                 {"", access.Missing},
		"no token":             {"hello", access.Malformed},
		"a million dots":       {strings.Repeat(".", 1_000_000), access.TooLong},
		"many dots":            {strings.Repeat(".", 1000), access.Malformed},
		"one byte too long":    {whole + strings.Repeat("A", access.MaxToken+1-len(whole)), access.TooLong},
		"empty signature":      {parts[0] + "." + parts[1] + ".", access.Signature},
		"other signature":      {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 32)), access.Signature},
		"padded":               {whole + "=", access.Malformed},
		"other secret":         {sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), claims(right), nil), access.Signature},
		"HS512":                {sign(t, jwt.SigningMethodHS512, secret, claims(right), nil), access.Signature},
		"none as algorithm":    {sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(right), nil), access.Signature},
		"NONE as algorithm":    {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"NONE"}`)) + "." + parts[1] + ".", access.Algorithm},
		"jku":                  {headed(map[string]any{"jku": "https://evil.example/keys"}), access.Malformed},
		"jwk":                  {headed(map[string]any{"jwk": map[string]string{"kty": "oct"}}), access.Malformed},
		"x5u":                  {headed(map[string]any{"x5u": "https://evil.example/keys"}), access.Malformed},
		"crit":                 {headed(map[string]any{"crit": []string{"exp"}}), access.Malformed},
		"kid is a path":        {headed(map[string]any{"kid": "../../dev/null"}), access.Malformed},
		"kid is SQL":           {headed(map[string]any{"kid": "x' OR '1'='1"}), access.Malformed},
		"kid is long":          {headed(map[string]any{"kid": strings.Repeat("k", 300)}), access.Malformed},
		"kid is no text":       {headed(map[string]any{"kid": 1}), access.Malformed},
		"no exp":               {with(jwt.MapClaims{"exp": nil}), access.Lifetime},
		"huge exp":             {with(jwt.MapClaims{"exp": 1e300}), access.Malformed},
		"far exp":              {with(jwt.MapClaims{"exp": now.Add(access.LongestLife + time.Hour).Unix()}), access.Lifetime},
		"exp is text":          {with(jwt.MapClaims{"exp": "tomorrow"}), access.Malformed},
		"expired":              {with(jwt.MapClaims{"exp": now.Add(-time.Second).Unix()}), access.Expired},
		"negative exp":         {with(jwt.MapClaims{"exp": -1}), access.Expired},
		"not yet":              {with(jwt.MapClaims{"nbf": now.Add(2 * time.Minute).Unix()}), access.NotYet},
		"issued in the future": {with(jwt.MapClaims{"iat": now.Add(2 * time.Minute).Unix()}), access.NotYet},
		"other issuer":         {with(jwt.MapClaims{"iss": "https://other"}), access.Issuer},
		"no issuer":            {with(jwt.MapClaims{"iss": nil}), access.Lifetime},
		"other audience":       {with(jwt.MapClaims{"aud": "other"}), access.Audience},
		"no subject":           {with(jwt.MapClaims{"sub": nil}), access.Subject},
		"subject by SUB":       {with(jwt.MapClaims{"sub": nil, "SUB": "ann"}), access.Subject},
		"control in subject":   {with(jwt.MapClaims{"sub": "ann\nlevel=ERROR"}), access.Subject},
		"long subject":         {with(jwt.MapClaims{"sub": strings.Repeat("a", 129)}), access.Subject},
		"subject is a number":  {with(jwt.MapClaims{"sub": 1}), access.Subject},
		"scope is a number":    {with(jwt.MapClaims{"scope": 1}), access.Malformed},
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, g, c.token, c.why) })
	}
}

// TestAlgorithmsArePinned: a key is used with its own algorithm alone, so that the text
// of a public key is no secret.
func TestAlgorithmsArePinned(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	var pems []string
	for _, public := range []any{&rsaKey.PublicKey, &ecKey.PublicKey, edKey.Public()} {
		der, err := x509.MarshalPKIXPublicKey(public)
		must(t, err)
		pems = append(pems, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	}
	g := newGuard(t, func(o *access.Options) {
		o.SecretFiles, o.PublicKeyFiles = nil, []string{file(t, "keys", strings.Join(pems, ""))}
	})
	for _, token := range []string{
		sign(t, jwt.SigningMethodRS256, rsaKey, claims(nil), nil), sign(t, jwt.SigningMethodES256, ecKey, claims(nil), nil),
		sign(t, jwt.SigningMethodEdDSA, edKey, claims(nil), map[string]any{"kid": "a/b+c=:1"}),
	} {
		if _, err := g.Token(t.Context(), token); err != nil {
			t.Errorf("a good token: %v", err)
		}
	}
	for _, confused := range []string{pems[0], strings.TrimSpace(pems[0])} {
		mustRefuse(t, g, sign(t, jwt.SigningMethodHS256, []byte(confused), claims(nil), nil), access.Signature)
	}
	mustRefuse(t, g, sign(t, jwt.SigningMethodRS512, rsaKey, claims(nil), nil), access.Signature)
	mustRefuse(t, g, sign(t, jwt.SigningMethodPS256, rsaKey, claims(nil), nil), access.Signature)
}

// TestRotation: while two secrets stand in the file tokens of both are good; when the
// old is gone its tokens are not.
func TestRotation(t *testing.T) {
	next := []byte(strings.Repeat("n", 40))
	path := file(t, "secret", string(secret))
	g := newGuard(t, func(o *access.Options) { o.SecretFiles = []string{path} })
	old, fresh := good(t, nil), sign(t, jwt.SigningMethodHS256, next, claims(nil), nil)
	for i, c := range []struct {
		text       string
		old, fresh bool
	}{
		{string(secret), true, false},
		{string(next) + "\n" + string(secret) + "\n", true, true},
		{string(next) + "\n", false, true},
	} {
		rewrite(t, path, c.text)
		must(t, g.Reload())
		_, err1 := g.Token(t.Context(), old)
		_, err2 := g.Token(t.Context(), fresh)
		if (err1 == nil) != c.old || (err2 == nil) != c.fresh {
			t.Errorf("file %d: old %v, new %v", i, err1, err2)
		}
	}
	rewrite(t, path, "short\n")
	if err := g.Reload(); err == nil || !strings.Contains(err.Error(), "line 1: the secret has 5 bytes; expected at least 32") || strings.Contains(err.Error(), "short") {
		t.Errorf("a short secret: %v", err)
	}
	if _, err := g.Token(t.Context(), fresh); err != nil {
		t.Errorf("after a file that cannot be used: %v", err)
	}
}

func TestAPIKeys(t *testing.T) {
	key, hash := access.NewAPIKey()
	other, _ := access.NewAPIKey()
	path := file(t, "keys", fmt.Sprintf("keys:\n- {user: sensor, sha256: %s, scopes: [predict], groups: [ops]}\n", hash))
	g := newGuard(t, func(o *access.Options) { o.SecretFiles, o.APIKeysFile = nil, path })
	s := enter(t, g, key, true)
	defer s.Leave()
	if s.User() != "sensor" || s.May(access.Predict, "any", time.Time{}) != nil || !s.MayJoin("ops") {
		t.Errorf("%s may %v", s.User(), s.Grants().Scopes())
	}
	mustRefuse(t, g, other, access.UnknownKey)
	mustRefuse(t, g, good(t, nil), access.Algorithm)

	w := make(watcher, 2)
	s.Watch(w)
	rewrite(t, path, "keys: []\n")
	must(t, g.Reload())
	if got := <-w; got != "revoked" {
		t.Errorf("whose key is gone is told %s", got)
	}
	mustRefuse(t, g, key, access.UnknownKey)
	rewrite(t, path, fmt.Sprintf("keys:\n- {user: sensor, sha256: %s, expires: 2020-01-01T00:00:00Z}\n", hash))
	must(t, g.Reload())
	mustRefuse(t, g, key, access.Expired)
	for text, want := range map[string]string{
		"keys: [{user: a, sha256: zz}]":                          "key 1: sha256: expected the SHA-256 of the key",
		"keys: [{sha256: " + hash + "}]":                         "key 1: user: expected a name",
		"keys: [{user: a, sha256: " + hash + ", scopes: [fly]}]": `key 1: scope "fly": expected one of`,
		"keys: [{user: a, sha256: " + hash + ", key: x}]":        "field key not found",
		strings.Repeat("- ", 3):                                  "cannot unmarshal",
		"keys:\n- &a {user: a, sha256: " + hash + "}\n- *a":      "this key stands twice",
		"keys: []\n---\nkeys: []":                                "more than one document",
	} {
		rewrite(t, path, text)
		if err := g.Reload(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--api-keys-file") {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}

// TestMint: what penstock token makes is good, and what it must not make it does not.
func TestMint(t *testing.T) {
	now := time.Now()
	made := access.Token{
		User: "ann", Scopes: []string{"predict:digits"}, Roles: []string{"r"}, Groups: []string{"g"}, Issuer: "i", Audience: "a",
		Issued: now, Expires: now.Add(time.Hour),
	}
	text, err := access.Mint(secret, made)
	must(t, err)
	g := newGuard(t, func(o *access.Options) { o.Issuer, o.Audience = "i", "a" })
	s := enter(t, g, text, false)
	defer s.Leave()
	if !slices.Equal(s.Grants().Scopes(), []string{"predict:digits"}) || !s.MayJoin("g") || s.Expires().Unix() != made.Expires.Unix() {
		t.Errorf("%v, %v, %v", s.Grants().Scopes(), s.Groups(), s.Expires())
	}
	for want, change := range map[string]func(*access.Token){
		"user":                func(t *access.Token) { t.User = "" },
		"expected at most":    func(t *access.Token) { t.Expires = now.Add(access.LongestLife + time.Hour) },
		"before it is issued": func(t *access.Token) { t.Expires = now },
		`scope "predict:"`:    func(t *access.Token) { t.Scopes = []string{"predict:"} },
	} {
		bad := made
		change(&bad)
		if _, err := access.Mint(secret, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if _, err := access.Mint([]byte("short"), made); err == nil {
		t.Error("a short secret signs")
	}
}
