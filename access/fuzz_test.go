package access_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"penstock/access"
)

// twoKinds is a guard with a secret and a public key, and the key.
func twoKinds(f *testing.F) (*access.Guard, *rsa.PrivateKey, string) {
	f.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(f, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	must(f, err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return newGuard(f, func(o *access.Options) { o.PublicKeyFiles = []string{file(f, "public", text)} }), key, text
}

// mustBeSigned checks a token that was accepted without the library that accepted it:
// its signature is good, by the algorithm of the key, and its claims say what it was
// taken for.
func mustBeSigned(t *testing.T, token string, id *access.Identity, key *rsa.PublicKey) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > access.MaxToken {
		t.Fatalf("%q was accepted", token)
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			t.Fatalf("%q was accepted: %v", token, err)
		}
	}
	var header map[string]any
	if err := json.Unmarshal(decoded[0], &header); err != nil {
		t.Fatalf("%q was accepted: %v", token, err)
	}
	signed := []byte(parts[0] + "." + parts[1])
	switch header["alg"] {
	case "HS256":
		mac := hmac.New(sha256.New, secret)
		mac.Write(signed)
		if !hmac.Equal(mac.Sum(nil), decoded[2]) {
			t.Fatalf("%q was accepted; it is not signed by the secret", token)
		}
	case "RS256":
		sum := sha256.Sum256(signed)
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], decoded[2]); err != nil {
			t.Fatalf("%q was accepted: %v", token, err)
		}
	default:
		t.Fatalf("%q was accepted, with the algorithm %v", token, header["alg"])
	}
	mustSay(t, decoded[1], id)
}

// mustSay checks that a payload says of somebody what he was taken for.
func mustSay(t *testing.T, payload []byte, id *access.Identity) {
	t.Helper()
	var said map[string]json.RawMessage
	if err := json.Unmarshal(payload, &said); err != nil {
		t.Fatalf("%q was accepted: %v", payload, err)
	}
	var user string
	var exp float64
	if json.Unmarshal(said["sub"], &user) != nil || user != id.User || !access.ValidUser(user) {
		t.Fatalf("%q was taken for %q", payload, id.User)
	}
	now := time.Now()
	if json.Unmarshal(said["exp"], &exp) != nil || id.Until.Unix() != int64(exp) || !id.Until.After(now.Add(-time.Minute)) || id.Until.After(now.Add(access.LongestLife)) {
		t.Fatalf("%q was accepted until %v", payload, id.Until)
	}
}

// mustBeRefusal checks that a refusal says nothing of the token.
func mustBeRefusal(t *testing.T, id *access.Identity, err error) {
	t.Helper()
	var refused *access.RefusedError
	if id != nil || !errors.As(err, &refused) || err.Error() != (&access.RefusedError{}).Error() {
		t.Fatalf("%v, %v; want the constant refusal", id, err)
	}
}

// FuzzToken: no text is accepted that the keys have not signed.
func FuzzToken(f *testing.F) {
	g, key, public := twoKinds(f)
	far := jwt.MapClaims{"sub": "ann", "exp": time.Now().Add(300 * 24 * time.Hour).Unix(), "scope": "predict"}
	hs, rs := sign(f, jwt.SigningMethodHS256, secret, far, nil), sign(f, jwt.SigningMethodRS256, key, far, nil)
	parts := strings.Split(hs, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for _, token := range []string{
		hs, rs, sign(f, jwt.SigningMethodHS256, []byte(public), far, nil), sign(f, jwt.SigningMethodRS512, key, far, nil), sign(f, jwt.SigningMethodPS256, key, far, nil),
		parts[0] + "." + parts[1] + ".", none + "." + parts[1] + ".", none + "." + parts[1] + "." + parts[2], strings.Split(rs, ".")[0] + "." + parts[1] + "." + parts[2],
		sign(f, jwt.SigningMethodHS256, secret, far, map[string]any{"kid": "../x"}), sign(f, jwt.SigningMethodHS256, secret, far, map[string]any{"jku": "http://localhost:1/"}),
		sign(f, jwt.SigningMethodHS256, secret, far, map[string]any{"crit": []string{"exp"}}), hs + "=", hs + ".", "..", "", "psk_x", strings.Repeat(".", 9000),
	} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		id, err := g.Token(t.Context(), token)
		if err != nil {
			mustBeRefusal(t, id, err)
			return
		}
		mustBeSigned(t, token, id, &key.PublicKey)
	})
}

// FuzzSignedToken signs whatever header and payload come: what the library and we read
// in them must be what is there.
func FuzzSignedToken(f *testing.F) {
	g, key, _ := twoKinds(f)
	end := time.Now().Add(300 * 24 * time.Hour).Unix()
	header := `{"alg":"HS256","typ":"JWT"}`
	for _, payload := range []string{
		fmt.Sprintf(`{"sub":"ann","exp":%d,"scope":"predict feedback:digits","groups":["ops"],"roles":"a b","jti":"1","iat":1,"nbf":1.5}`, end),
		fmt.Sprintf(`{"SUB":"ann","exp":%d}`, end), fmt.Sprintf(`{"sub":"ann","sub":"bob","exp":%d}`, end), `{"sub":"ann","exp":1e300}`, `{"sub":"ann","exp":null}`,
		fmt.Sprintf(`{"sub":"a\u0000","exp":%d}`, end), fmt.Sprintf(`{"sub":["ann"],"exp":%d,"aud":{}}`, end), fmt.Sprintf(`{"sub":"ann","exp":%d,"nbf":-1e308,"iat":"x"}`, end),
		`[]`, `null`, ``, `{`, strings.Repeat(`{"a":`, 2000),
	} {
		f.Add(header, payload)
	}
	for _, h := range []string{`{"alg":"RS256"}`, `{"ALG":"HS256"}`, `{"alg":["HS256"]}`, `{"alg":"HS256","kid":{}}`, `{"alg":"HS256","jwk":null}`, `{"alg":"HS256","alg":"none"}`, `null`, `[]`} {
		f.Add(h, fmt.Sprintf(`{"sub":"ann","exp":%d}`, end))
	}
	f.Fuzz(func(t *testing.T, header, payload string) {
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		text += "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		id, err := g.Token(t.Context(), text)
		if err != nil {
			mustBeRefusal(t, id, err)
			return
		}
		mustBeSigned(t, text, id, &key.PublicKey)
		s, err := g.Enter(id, access.Entry{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Leave()
		for _, scope := range s.Grants().Scopes() {
			if !access.ValidScope(scope) {
				t.Errorf("%q grants %q", payload, scope)
			}
		}
	})
}

// FuzzAPIKeys reads a file of keys: it is refused with words, or every key of it is of
// somebody who may be shown.
func FuzzAPIKeys(f *testing.F) {
	_, hash := access.NewAPIKey()
	for _, text := range []string{
		"keys:\n- {user: sensor, sha256: " + hash + ", scopes: [predict], groups: [ops], roles: [r], expires: 2030-01-01T00:00:00Z}\n", "keys: []", "", "keys: [{user: a, sha256: zz}]",
		"keys: [{sha256: " + hash + "}]", "keys: [{user: a, sha256: " + hash + ", scopes: [fly]}]", "keys:\n- &a {user: a, sha256: " + hash + "}\n- *a", "keys: []\n---\nkeys: []", "- - - ",
		"keys: {user: a}", "a: &a [*a]", "keys: [{user: a, sha256: " + hash + ", expires: never}]", "\x00", "keys: !!binary aGk=",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		users, err := access.ParseAPIKeys([]byte(text))
		if err != nil {
			mustBeWords(t, err)
			return
		}
		for _, user := range users {
			if !access.ValidUser(user) {
				t.Errorf("%q has the user %q", text, user)
			}
		}
	})
}

// FuzzPolicy reads a roles file.
func FuzzPolicy(f *testing.F) {
	for _, text := range []string{
		"roles:\n  ops: [predict, admin]\ndefault: [predict]\nusers:\n  ann: {roles: [ops], groups: [g], weight: 4, sockets: 2, rows-per-second: 5, bytes-per-second: 6}\n",
		"roles: {a: [fly]}", "users: {a: {roles: [b]}}", "users: {a: {weight: -1}}", "users: {a: {weight: 100000}}", "users: {a: {sockets: 1e9}}", "roles: []", "default: predict", "x: 1", "", "a: &a [*a]",
		"roles: {a: [predict]}\nroles: {b: []}", "users: {a: {rows-per-second: 99999999999999999999}}", "---\n---\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := access.ParsePolicy([]byte(text))
		if err != nil {
			mustBeWords(t, err)
			return
		}
		for name, scopes := range p.Roles {
			for _, scope := range scopes {
				if !access.ValidScope(scope) {
					t.Errorf("role %q has %q", name, scope)
				}
			}
		}
		for name, u := range p.Users {
			if u.Weight < 0 || u.Sockets < 0 || u.RowsPerSecond < 0 || u.BytesPerSecond < 0 {
				t.Errorf("user %q has %+v", name, u)
			}
		}
	})
}

// FuzzKeyFiles reads files of secrets and of public keys. What is wrong with one is told
// without a secret's text.
func FuzzKeyFiles(f *testing.F) {
	_, _, public := twoKinds(f)
	for _, text := range []string{
		public, public + public, strings.Replace(public, "PUBLIC", "RSA PUBLIC", 1), strings.Replace(public, "PUBLIC KEY", "CERTIFICATE", 2), strings.Replace(public, "PUBLIC", "PRIVATE", 2),
		string(secret), string(secret) + "\n" + string(secret), "short", "\n\n", "", "-----BEGIN X-----\n\n-----END X-----", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	} {
		f.Add(text)
	}
	path := filepath.Join(f.TempDir(), "keys")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		secrets, err := access.ReadSecrets(path)
		if err != nil {
			mustBeWords(t, err)
		}
		for _, s := range secrets {
			if len(s) < 32 {
				t.Errorf("%q has the secret %q", text, s)
			}
		}
		if _, err := access.New(access.Options{Tokens: true, PublicKeyFiles: []string{path}}); err != nil {
			mustBeWords(t, err)
		}
	})
}

// mustBeWords checks that an error says something, and is no crash of a reader that was
// caught.
func mustBeWords(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); text == "" || strings.Contains(text, "runtime error") {
		t.Errorf("an error says %q", text)
	}
}
