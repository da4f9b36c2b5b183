//go:build linux

package chaos_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"penstock/access"
)

// asksForTokens are the flags with which the program asks for tokens that tokenOf makes.
func asksForTokens(t *testing.T) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--auth=token", "--jwt-secret-file=" + path}
}

const secret = "a secret of tests, which nobody else may know"

func tokenOf(t *testing.T, user string) string {
	t.Helper()
	token, err := access.Mint([]byte(secret), access.Token{
		User: user, Scopes: []string{"predict"}, Issued: time.Now(), Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// healthyUsers are healthy clients who are users of their own, all at the attacker's
// address.
func healthyUsers(v *victim, q []question) *healthy {
	h := &healthy{t: v.t, v: v, questions: q, token: func(number int) string { return tokenOf(v.t, fmt.Sprint("user ", number)) }}
	return h.start()
}

// TestOneUserBesideFifty keeps the windows of five hundred sockets of one user full, at
// the address of fifty others: it is the user that is shed.
func TestOneUserBesideFifty(t *testing.T) {
	folder := writeBundle(t, "slow", 784, 2048, 2048, 10)
	v := startVictim(t, limits{}, append(asksForTokens(t), "--model="+folder)...)
	before := v.holdings()
	h := healthyUsers(v, questions(t, folder))
	path := "/ws/predict?token=" + tokenOf(t, "hog")
	c := gather(t, 500, func() (*raw, error) { return v.webSocket(attackerFrom, path) })
	request := frame(opBinary, binaryRequest(64, 0, make([]byte, 64*784)))
	c.together(func(r *raw) error { r.fill(request, 6*time.Second); return nil })
	m := v.metrics()
	t.Logf("received %v, shed %v", m["penstock_requests_received_total"], m["penstock_requests_shed_total"])
	h.mustBeWell()
	c.leave()
	v.mustRest(before)
}

// TestStrangersAtTheDoor has a thousand handshakes come a byte at a time, and five
// hundred sockets say nothing after theirs.
func TestStrangersAtTheDoor(t *testing.T) {
	v := startVictim(t, limits{}, asksForTokens(t)...)
	before := v.holdings()
	h := healthyUsers(v, questions(t, ""))
	slow := gather(t, 1000, func() (*raw, error) { return v.open(attackerFrom) })
	silent := gather(t, 500, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
	header := "GET /ws/predict HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-Slow: 1\r\n", 100)
	for i := range 40 {
		for _, r := range slow.all {
			_, _ = r.Write([]byte(header[i : i+1])) // until the server has had enough
		}
		pause(150 * time.Millisecond)
	}
	h.mustBeWell()
	slow.leave()
	silent.leave()
	v.mustRest(before)
}
