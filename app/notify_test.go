package app

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestNotifyAtTheAdminAddress works without a token, at the admin address and there
// alone, and counts who is not there as waiting.
func TestNotifyAtTheAdminAddress(t *testing.T) {
	a := start(t, nil)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for address, want := range map[string]string{
		a.AdminAddr().String(): `{"delivered":0,"waiting":true}`,
		a.Addr().String():      `"code":"forbidden"`,
	} {
		response, err := client.Post("http://"+address+"/v1/notify", "application/json", strings.NewReader(`{"user":"ann","text":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s %s, %v; want %s", address, response.Status, body, err, want)
		}
	}
}
