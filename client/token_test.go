package client

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"penstock/protocol"
)

// canary is a token that must not come out anywhere.
const canary = "eyJjYW5hcnk.canary-canary-canary.c2ln"

// numberedTokens returns a function that gives token-1, token-2 and so on.
func numberedTokens() func(context.Context) (string, error) {
	var n atomic.Int64
	return func(context.Context) (string, error) { return fmt.Sprintf("token-%d", n.Add(1)), nil }
}

func TestEveryHandshakeHasAFreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan string, 2)
		c := newFakeServer(t, func(c *fakeConn) {
			got <- c.request.Header.Get("Authorization") + " " + c.request.Header.Get("Sec-WebSocket-Protocol")
			c.greet(8)
			_, _ = c.read()
		}).client(Options{Token: numberedTokens()})
		_, _ = c.Predict(t.Context(), []float32{1}) // ends the first connection
		for n := 1; n <= 2; n++ {
			if header, want := <-got, fmt.Sprintf("Bearer token-%d penstock.v1", n); header != want {
				t.Errorf("handshake %d had %q; want %q", n, header, want)
			}
		}
	})
}

func TestADashboardSendsItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan string, 1)
		newFakeServer(t, func(c *fakeConn) {
			got <- c.request.Header.Get("Authorization")
		}).dashboard(Options{Token: StaticToken(canary)})
		if header := <-got; header != "Bearer "+canary {
			t.Errorf("sent %q", header)
		}
	})
}

func TestTokensThatCannotBeSent(t *testing.T) {
	for token, want := range map[string]string{
		"":                  "empty token",
		canary + "\n":       "new line",
		canary + " x":       "visible ASCII",
		canary + "é":        "visible ASCII",
		canary + "\r\nX: y": "visible ASCII",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newFakeServer(t, honest(8))
			_, err := Dial(t.Context(), "ws://penstock.test", Options{Token: StaticToken(token), DialContext: s.dial})
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) {
				t.Errorf("%q: %v; want %q", token, err, want)
			}
		})
	}
}

// A token in the address travels as a header, and is in no error.
func TestATokenInTheAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan *http.Request, 2)
		s := newFakeServer(t, func(c *fakeConn) {
			got <- c.request
			c.greet(8)
			c.each(c.answer)
		})
		c, err := Dial(t.Context(), "ws://penstock.test/?x=1&token="+canary, Options{DialContext: s.dial})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		d, err := DialDashboard(t.Context(), "ws://penstock.test/?token="+canary+"&x=1", Options{DialContext: s.dial})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for range 2 {
			r := <-got
			if r.Header.Get("Authorization") != "Bearer "+canary || r.URL.Query().Has("token") || r.URL.Query().Get("x") != "1" {
				t.Errorf("asked for %s with %q", r.URL, r.Header.Get("Authorization"))
			}
		}
	})
	for _, address := range []string{
		"ws://h?token=" + canary, // beside Options.Token
		"ws://h?token=a&token=" + canary, "h?token=" + canary, "h:1?token=" + canary, "ftp://h?token=" + canary,
		"ws://h:port?token=" + canary, "ws://h/%zz?token=" + canary, "ws://h?x=%zz&token=" + canary, "h:1#token=" + canary,
	} {
		_, err := Dial(t.Context(), address, Options{Token: StaticToken("another-token")})
		_, errDashboard := DialDashboard(t.Context(), address, Options{Token: StaticToken("another-token")})
		for _, err := range []error{err, errDashboard} {
			if err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("%s: %v", address, err)
			}
		}
	}
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody there") }
	_, err := Dial(t.Context(), "ws://penstock.test/?token="+canary, Options{DialContext: refuse})
	if err == nil || !strings.Contains(err.Error(), "nobody there") || strings.Contains(err.Error(), canary) {
		t.Error(err)
	}
}

// privateAuthority makes a certificate that is its own authority.
func privateAuthority(t *testing.T) (server *tls.Config, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"penstock.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(certificate)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

// dialTLS is dial with TLS at the server's end.
func (s *fakeServer) dialTLS(config *tls.Config) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		client, server := pipe()
		select {
		case s.conns <- tls.Server(server, config):
			return client, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func TestAPrivateAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, roots := privateAuthority(t)
		got := make(chan string, 1)
		s := newFakeServer(t, func(c *fakeConn) {
			got <- c.request.Header.Get("Authorization")
			c.greet(8)
			c.each(c.answer)
		})
		s.http.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		if _, err := Dial(t.Context(), "wss://penstock.test", Options{DialContext: s.dialTLS(config), Token: StaticToken(canary)}); err == nil {
			t.Error("an authority that the system does not know was believed")
		}
		c, err := Dial(t.Context(), "wss://penstock.test", Options{DialContext: s.dialTLS(config), Token: StaticToken(canary),
			TLS: &tls.Config{RootCAs: roots}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if p, err := c.Predict(t.Context(), []float32{1}); err != nil || p.Label != "a" {
			t.Errorf("got %+v, %v", p, err)
		}
		if header := <-got; header != "Bearer "+canary {
			t.Errorf("sent %q", header)
		}
	})
}

// A redirect must not bring the token to where it can be read on the way.
func TestNoRedirectOutOfTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, roots := privateAuthority(t)
		s := newFakeServer(t, nil)
		asked := 0
		s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			http.Redirect(w, r, "ws://penstock.test/open", http.StatusTemporaryRedirect)
		})
		_, err := Dial(t.Context(), "wss://penstock.test", Options{DialContext: s.dialTLS(config), TLS: &tls.Config{RootCAs: roots}, Token: StaticToken(canary)})
		if err == nil || !strings.Contains(err.Error(), "from wss to ws") || asked != 1 {
			t.Errorf("asked %d times: %v", asked, err)
		}
	})
}

// hostile repeats the token wherever a server has words.
func hostile(c *fakeConn) {
	if c.n == 1 {
		c.greet(8)
		c.send(`{"type":"notice","code":"token_expiring","message":"soon","expires":"2000-01-01T01:00:00Z"}`)
		m, _ := c.read()
		c.send(`{"type":"error","request_id":null,"code":"forbidden","message":"%s is not yours","retryable":false}`, m.Token)
		_, _ = c.read() // a request, which is lost
		return
	}
	_ = c.ws.Close(1008, "bad token: "+canary)
}

// TestTheTokenIsNeverTold looks for it in all that a program may print or log.
func TestTheTokenIsNeverTold(t *testing.T) {
	var printed bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		logger := slog.New(slog.NewTextHandler(&printed, nil))
		asJSON := slog.New(slog.NewJSONHandler(&printed, nil))
		var mu sync.Mutex // the callbacks tell from other goroutines
		tell := func(values ...any) {
			mu.Lock()
			defer mu.Unlock()
			for _, v := range values {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
					fmt.Fprintf(&printed, verb+"\n", v)
				}
				logger.Info("told", "value", v)
				asJSON.Info("told", "value", v)
			}
		}
		n := 0
		o := Options{Header: http.Header{"X-Key": {canary}}, Token: func(context.Context) (string, error) {
			if n++; n == 2 {
				return canary + "-2", nil
			}
			return canary, nil
		}}
		o.OnStatus = func(s Status, err error) { tell(s, err) }
		o.OnNotice = func(n protocol.Notice) { tell(n) }
		s := newFakeServer(t, hostile)
		o.DialContext = s.dial
		tell(o, &o, struct{ Client Options }{o}, map[string]Options{"o": o})
		c := s.client(o)
		tell(c)
		synctest.Wait()
		_, err := c.Predict(t.Context(), []float32{1})
		tell(err)
		<-c.done
		_, err = c.Predict(t.Context(), []float32{1})
		tell(err, c)

		refusing := newFakeServer(t, nil)
		refusing.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"title":"No","detail":"`+r.Header.Get("Authorization")+` is no token"}`)
		})
		o.DialContext = refusing.dial
		_, err = Dial(t.Context(), "ws://penstock.test", o)
		tell(err)
		d := newFakeServer(t, func(c *fakeConn) { _ = c.ws.Close(1008, canary) }).dashboard(o)
		tell(d)
		for _, err := range d.Frames(t.Context()) {
			tell(err)
		}
	})
	if text := printed.String(); strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
		at := strings.Index(text, canary)
		t.Errorf("the token was told: …%s…", text[max(at-300, 0):min(max(at, 0)+100, len(text))])
	} else if !strings.Contains(text, "[token] is not yours") || !strings.Contains(text, "bad token: [token]") ||
		!strings.Contains(text, "Bearer [token] is no token") || !strings.Contains(text, "client.Options{Token:(set), Header:(set)") {
		t.Errorf("the test did not come by all places:\n%s", text)
	}
}
