package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"penstock/protocol"
)

// Options tune a Client. The zero value is a good client for a local server.
// Durations may be as long as a time.Duration can be.
type Options struct {
	// Session names the stream of requests across reconnects and, when it is
	// kept by the caller, across restarts: 16 to 64 of [A-Za-z0-9_-]. Default:
	// the one in the address, else
	// drawn at random for each Client. Two clients that share a session share
	// the scope of their request ids and may label each other's predictions.
	Session string

	// Token returns a bearer token; see StaticToken for one that stays the same. It
	// is called before every connection, and before the token in use expires: when
	// the server tells that it is about to, or ahead of that where the server has
	// told when it will. When it fails it is asked again after a pause, unless its
	// error is, or wraps, a *protocol.Error with the code Unauthorized or Forbidden:
	// then the client stays away. A renewal that fails is told to OnStatus as a
	// *TokenError. It must return when its context ends, and its error must not have
	// the token. Beyond the machine itself tokens are for wss alone: over ws they can
	// be read on the way. Default: the token in the query of the address, which is
	// sent as a header instead; else none.
	Token func(context.Context) (string, error)

	// Header is sent with every handshake. Default: empty.
	Header http.Header

	// TLS configures wss: RootCAs for a private authority, Certificates for a
	// client's own. Default: the system's roots.
	TLS *tls.Config

	// DialContext makes the TCP connection. Default: a net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// DialTimeout bounds one attempt to connect, up to the server's hello, and also
	// one call of Token, and the server's answer to a renewal, Join or Leave.
	// Default: 10 s.
	DialTimeout time.Duration

	// WriteTimeout bounds one write to the socket. A server that stops reading
	// for longer is taken for dead. Default: 10 s.
	WriteTimeout time.Duration

	// PingInterval is how often the server is asked for a sign of life, and
	// PingTimeout how long its answer may take. Default: 25 s and 10 s. A
	// timeout below the time that a burst of replies takes to read makes the
	// client drop a healthy connection.
	PingInterval, PingTimeout time.Duration

	// CloseTimeout bounds the goodbye in Close. Default: 2 s.
	CloseTimeout time.Duration

	// DrainTimeout is how long a server that said going_away may take to send
	// the replies that it owes and to close. Default: 30 s.
	DrainTimeout time.Duration

	// BackoffMin and BackoffMax bound the pause before a reconnect, which is
	// drawn from zero to a ceiling that doubles with every failure (full
	// jitter). Default: 1 s and 30 s. Smaller ceilings turn a restart of a
	// server with many clients into a stampede.
	BackoffMin, BackoffMax time.Duration

	// NoReconnect makes the first loss of the connection the last.
	NoReconnect bool

	// Window bounds the rows in flight. Default: what the server's hello
	// allows, which is also the most that is used.
	Window int

	// FailWhenFull makes a request that finds the window full fail at once
	// with overloaded. Default: it waits for room until its context ends.
	FailWhenFull bool

	// FailWhenDown makes a request fail at once with a *ConnError while there
	// is no connection, and with the server's draining where it was not run.
	// Default: it waits for a connection until its context ends.
	FailWhenDown bool

	// Binary sends rows of float32 as binary frames, which saves both sides the
	// decimals, where the request has what these can say: an ID that is a number,
	// and no Top, no Set and no names. Default: as JSON. See Request.Binary.
	Binary bool

	// MaxReply bounds one message from the server in bytes. A larger one costs
	// the connection. Default: 8 MiB.
	MaxReply int64

	// OnStatus is told of every change of Status after Dial, with the reason
	// for a loss, and, the status being what it was, of each failure to renew the
	// token, with a *TokenError. Calls of it and of OnNotice come in order and one
	// at a time. It must not block and must not call Close.
	OnStatus func(Status, error)

	// OnNotice is told what the server says that answers no request. The rules
	// of OnStatus apply.
	OnNotice func(protocol.Notice)

	// OnNotification is told of messages to this user and to the groups that were
	// joined, in order and from one goroutine of its own. While it is busy, 64 wait
	// and older ones are dropped; Notification.Missed counts them. It must not call
	// Close, which waits for it. Default: they are notices, told to OnNotice.
	OnNotification func(Notification)
}

func (o Options) withDefaults() Options {
	setDuration := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	setDuration(&o.DialTimeout, 10*time.Second)
	setDuration(&o.WriteTimeout, 10*time.Second)
	setDuration(&o.PingInterval, 25*time.Second)
	setDuration(&o.PingTimeout, 10*time.Second)
	setDuration(&o.CloseTimeout, 2*time.Second)
	setDuration(&o.DrainTimeout, 30*time.Second)
	setDuration(&o.BackoffMin, time.Second)
	setDuration(&o.BackoffMax, 30*time.Second)
	if o.MaxReply == 0 {
		o.MaxReply = 8 << 20
	}
	if o.DialContext == nil {
		o.DialContext = (&net.Dialer{}).DialContext
	}
	return o
}

// validate names the first field that makes no sense. It wants the defaults
// filled in.
func (o Options) validate() error {
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"DialTimeout", o.DialTimeout}, {"WriteTimeout", o.WriteTimeout},
		{"PingInterval", o.PingInterval}, {"PingTimeout", o.PingTimeout},
		{"CloseTimeout", o.CloseTimeout}, {"DrainTimeout", o.DrainTimeout},
		{"BackoffMin", o.BackoffMin}, {"BackoffMax", o.BackoffMax},
	} {
		if d.value <= 0 {
			return fmt.Errorf("client: Options.%s is %v; expected more than 0, or 0 for the default", d.field, d.value)
		}
	}
	if o.BackoffMax < o.BackoffMin {
		return fmt.Errorf("client: Options.BackoffMax is %v; expected at least BackoffMin, %v", o.BackoffMax, o.BackoffMin)
	}
	if o.Window < 0 {
		return fmt.Errorf("client: Options.Window is %d; expected 0 (the server's) or more", o.Window)
	}
	if o.MaxReply < 0 {
		return fmt.Errorf("client: Options.MaxReply is %d; expected more than 0, or 0 for the default", o.MaxReply)
	}
	if o.Session != "" && !protocol.ValidSession(o.Session) {
		return fmt.Errorf("client: Options.Session is %q; expected 16 to 64 of [A-Za-z0-9_-]", o.Session)
	}
	return nil
}
