package access_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"penstock/access"
)

// These tests compare what is accepted with Wycheproof's verdicts. The vectors come with
// a Go module that ci/suites pins.

// allowed are the algorithms that tokens may be signed with; vectors for all others must
// be refused whatever their verdict.
var allowed = []string{"HS256", "RS256", "ES256", "EdDSA"}

// sterner are vectors that Wycheproof calls valid and we refuse: base64 with a character
// in it that base64 does not have, which a reader may leave out and ours does not.
var sterner = map[int]string{372: "? in the header", 373: "? in the payload"}

// jws is the file of JSON Web Signatures, as far as it is used.
type jws struct {
	TestGroups []struct {
		Comment         string
		Public, Private json.RawMessage
		Tests           []struct {
			TCID            int `json:"tcId"`
			Comment, Result string
			JWS             json.RawMessage
		}
	}
}

func TestWycheproofSignatures(t *testing.T) {
	var file jws
	readVectors(t, "json_web_signature_test.json", &file)
	valid, others := 0, 0
	for _, group := range file.TestGroups {
		signatures := verifierOf(t, group.Public, group.Private)
		// Two vectors about padding have lost theirs: they are those of valid ones.
		good := map[string]bool{}
		for _, v := range group.Tests {
			good[string(v.JWS)] = good[string(v.JWS)] || v.Result == "valid"
		}
		for _, v := range group.Tests {
			var token string
			if json.Unmarshal(v.JWS, &token) != nil {
				token = string(v.JWS) // in the form of JSON, which is none of ours
			}
			want := good[string(v.JWS)] && slices.Contains(allowed, algorithm(token)) && sterner[v.TCID] == ""
			err := signatures.VerifySignature(t.Context(), token)
			if (err == nil) != want {
				t.Errorf("%s %d, %s, is %s: %v; want it accepted: %v", group.Comment, v.TCID, v.Comment, v.Result, err, want)
			}
			// As a token it is refused in any case: none has claims.
			var refused *access.RefusedError
			if err := signatures.Verify(t.Context(), token); !errors.As(err, &refused) {
				t.Errorf("%s %d: as a token: %v; want a refusal", group.Comment, v.TCID, err)
			}
			if want {
				valid++
			} else {
				others++
			}
		}
	}
	if valid < 15 || others < 300 {
		t.Errorf("the file has %d vectors to accept and %d to refuse", valid, others)
	}
	t.Logf("%d accepted, %d refused", valid, others)
}

// verifierOf makes a verifier that has a group's key as it would in service: a secret
// from a file, a public key from a JWKS URL.
func verifierOf(t *testing.T, public, private json.RawMessage) *access.Signatures {
	t.Helper()
	var secret struct{ Kty, K string }
	if err := json.Unmarshal(private, &secret); err != nil {
		t.Fatal(err)
	}
	if secret.Kty == "oct" {
		key, err := base64.RawURLEncoding.DecodeString(secret.K)
		if err != nil {
			t.Fatal(err)
		}
		return signatures(t, [][]byte{key}, "")
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[` + string(public) + `]}`))
	}))
	defer keys.Close() // they are read once
	return signatures(t, nil, keys.URL)
}

func signatures(t *testing.T, secrets [][]byte, url string) *access.Signatures {
	t.Helper()
	s, err := access.NewSignatures(t.Context(), secrets, url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// algorithm is what a token says that it is signed with.
func algorithm(token string) string {
	first, _, _ := strings.Cut(token, ".")
	text, _ := base64.RawURLEncoding.DecodeString(first)
	var header struct{ Alg string }
	_ = json.Unmarshal(text, &header)
	return header.Alg
}

// TestWycheproofEd25519: the file of tokens has none with EdDSA, so its signatures are
// compared by themselves, with the method that tokens are verified with.
func TestWycheproofEd25519(t *testing.T) {
	var file struct {
		TestGroups []struct {
			PublicKey struct{ PK string } `json:"publicKey"`
			Tests     []struct {
				TCID                      int `json:"tcId"`
				Comment, Msg, Sig, Result string
			}
		}
	}
	readVectors(t, "ed25519_test.json", &file)
	count := 0
	for _, group := range file.TestGroups {
		key := ed25519.PublicKey(unhex(t, group.PublicKey.PK))
		for _, v := range group.Tests {
			count++
			err := jwt.GetSigningMethod("EdDSA").Verify(string(unhex(t, v.Msg)), unhex(t, v.Sig), key)
			if (err == nil) != (v.Result == "valid") {
				t.Errorf("%d, %s, is %s: %v", v.TCID, v.Comment, v.Result, err)
			}
		}
	}
	if count < 150 {
		t.Errorf("the file has %d vectors", count)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readVectors reads a file of the module where the go command keeps it.
func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/c2sp/wycheproof")
	list.Dir = filepath.Join("..", "ci", "suites")
	list.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off") // ci/install.sh has brought it
	folder, err := list.Output()
	var text []byte
	if err == nil {
		text, err = os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "testvectors_v1", name))
	}
	if err != nil {
		if os.Getenv("PENSTOCK_SUITES") == "required" {
			t.Fatalf("%s: %v", name, err)
		}
		t.Skipf("%s: %v; ci/install.sh brings it", name, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
