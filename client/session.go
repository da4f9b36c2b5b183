package client

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"

	"penstock/protocol"
)

// newSession draws a name that nobody guesses: who knows it, and has the same
// token, may label its predictions.
func newSession() string { return rand.Text() }

// firstID returns the number before a client's first request id. A session
// that is new to the server counts from one. A session that the caller named
// may be known to it from an earlier process, so its numbers start at a random
// place, below 2^52 to stay exact where numbers are float64.
func firstID(sessionIsNew bool) uint64 {
	if sessionIsNew {
		return 0
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return binary.LittleEndian.Uint64(b[:]) >> 12
}

// endpoint completes a server's address: path is used when the address has
// none. The session is the one of the option or of the address, which must not
// say different things; it is empty when neither has one.
func endpoint(address, path, option string) (u *url.URL, session string, err error) {
	u, err = url.Parse(address)
	if err != nil {
		var bad *url.Error
		if errors.As(err, &bad) { // which repeats the address, that may have a token
			err = bad.Err
		}
		return nil, "", fmt.Errorf("client: the address is not a URL: %w", err)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return nil, "", fmt.Errorf("client: the address %q does not start with ws:// or wss://", shown(address))
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = path
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, "", fmt.Errorf("client: the query of the address cannot be read: %w", err)
	}
	session, err = chooseSession(query["session"], option)
	return u, session, err
}

// shown is what may be told of an address: no password, and nothing of its query.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.RawQuery, u.Fragment = "", ""
	return u.Redacted()
}

func chooseSession(inAddress []string, option string) (string, error) {
	switch {
	case len(inAddress) == 0:
		return option, nil
	case len(inAddress) > 1:
		return "", fmt.Errorf("client: the address names %d sessions; expected one", len(inAddress))
	case !protocol.ValidSession(inAddress[0]):
		return "", fmt.Errorf("client: the session %q in the address is none; expected 16 to 64 of [A-Za-z0-9_-]", inAddress[0])
	case option != "" && option != inAddress[0]:
		return "", fmt.Errorf("client: Options.Session is %q, and the address says session=%s; give one of them", option, inAddress[0])
	}
	return inAddress[0], nil
}

// withSession names the session in an address.
func withSession(u *url.URL, session string) string {
	query := u.Query()
	query.Set("session", session)
	named := *u
	named.RawQuery = query.Encode()
	return named.String()
}
