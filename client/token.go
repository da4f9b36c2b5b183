package client

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// StaticToken returns a function for Options.Token that gives one token for
// ever: an API key without an end, or a token for a connection that is shorter
// than its life.
func StaticToken(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

// TokenError tells that the token in use could not be renewed. The connection
// stays: the token is good until it expires, and the client goes on trying
// unless Final. See Options.Token.
type TokenError struct {
	// Expires is when the token in use ends, or zero where the server did not say.
	Expires time.Time
	// Final tells that this connection's token will not be renewed any more.
	Final bool
	// Err is what Options.Token returned, or the server's refusal (a *protocol.Error).
	Err error
}

func (e *TokenError) Error() string {
	text := "client: the token was not renewed"
	if !e.Expires.IsZero() {
		text += ", which expires at " + e.Expires.UTC().Format(time.RFC3339)
	}
	return text + ": " + e.Err.Error()
}

func (e *TokenError) Unwrap() error { return e.Err }

// secret is a token where it is kept. A function is printed as an address,
// whatever the verb and however deep it lies in what is printed.
type secret func() string

func keep(token string) secret { return func() string { return token } }

// is reports whether s is the token.
func (s secret) is(token string) bool {
	return s != nil && subtle.ConstantTimeCompare([]byte(s()), []byte(token)) == 1
}

// shortestSecret is below the length of any token that protects something. A
// shorter one would be found in words that have nothing to do with it.
const shortestSecret = 8

// hide takes the token out of a peer's words: a server, or something in front of
// it, may repeat what it was sent.
func (s secret) hide(text string) string {
	if s == nil || len(s()) < shortestSecret {
		return text
	}
	return strings.ReplaceAll(text, s(), "[token]")
}

// fetchToken asks for a token. Its errors do not have the token.
func (o *Options) fetchToken(ctx context.Context) (string, error) {
	token, err := o.Token(ctx)
	if err != nil {
		return "", err
	}
	if token == "" {
		return "", errors.New("Options.Token returned an empty token; expected a token, or an error")
	}
	for i, c := range []byte(token) {
		if c <= ' ' || c >= 0x7f {
			return "", fmt.Errorf("byte %d of what Options.Token returned cannot stand in a header; expected visible ASCII without spaces (does it end with a new line?)", i)
		}
	}
	return token, nil
}

// takeToken moves a token from the address, which errors and proxies repeat, into
// the options.
func takeToken(u *url.URL, o *Options) error {
	query := u.Query()
	tokens := query["token"]
	switch {
	case len(tokens) == 0:
		return nil
	case len(tokens) > 1:
		return fmt.Errorf("client: the address has %d tokens; expected one", len(tokens))
	case o.Token != nil:
		return errors.New("client: the address has a token, and there is Options.Token; give one of them")
	}
	o.Token = StaticToken(tokens[0])
	query.Del("token")
	u.RawQuery = query.Encode()
	return nil
}

// Format implements fmt.Formatter for every verb: what is set, and of what may
// be secret, such as Token and Header, only that it is set.
func (o Options) Format(f fmt.State, _ rune) {
	var set []string
	fields := reflect.ValueOf(o)
	for i := range fields.NumField() {
		name, field := fields.Type().Field(i).Name, fields.Field(i)
		switch {
		case field.IsZero():
		case field.Kind() == reflect.Bool || field.CanInt():
			set = append(set, fmt.Sprintf("%s:%v", name, field.Interface()))
		default:
			set = append(set, name+":(set)")
		}
	}
	_, _ = fmt.Fprintf(f, "client.Options{%s}", strings.Join(set, ", "))
}
