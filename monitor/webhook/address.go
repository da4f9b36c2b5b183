package webhook

import (
	"errors"
	"net/url"
)

// Address is where alerts are sent. It may hold secrets, in its user, path and
// query, so that it prints as its scheme and host alone.
type Address struct {
	url   *url.URL
	wrong error
}

// UnmarshalText implements encoding.TextUnmarshaler. It takes everything, since
// who reads flags and variables repeats what is wrong with them: see Check.
func (a *Address) UnmarshalText(text []byte) error {
	*a = Address{}
	if len(text) > 0 {
		a.url, a.wrong = parse(string(text))
	}
	return nil
}

// parse's errors do not repeat the text, as those of url.Parse do.
func parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("is no URL; expected one such as https://example.org/hook")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("is no http or https URL; expected one such as https://example.org/hook")
	case u.Hostname() == "":
		return nil, errors.New("names no host; expected a URL such as https://example.org/hook")
	case u.Fragment != "":
		return nil, errors.New("has a fragment, which no server is sent; leave out the # and what follows it")
	}
	return u, nil
}

// Check says what is wrong with an address, without repeating it.
func (a Address) Check() error { return a.wrong }

// IsZero reports whether there is no address.
func (a Address) IsZero() bool { return a.url == nil }

// String is the scheme and the host.
func (a Address) String() string {
	if a.url == nil {
		return ""
	}
	return a.url.Scheme + "://" + a.url.Host
}

// MarshalText implements encoding.TextMarshaler, as String.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
