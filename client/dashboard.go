package client

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// Frame is one message of the dashboard. One of its fields is set.
type Frame struct {
	History *protocol.History // the first frame: what was measured before
	Metrics *protocol.Metrics // every second
	Alert   *protocol.Alert   // a value crossed its threshold, or came back
	// Notification is a message to this user.
	Notification *Notification
}

// Dashboard reads the server's measurements.
type Dashboard struct {
	opts    Options
	address string
	ctx     context.Context // ends with Close
	stop    context.CancelFunc

	// Of the goroutine that runs Frames alone:
	s      *socket // nil when there is no connection
	since  time.Time
	unhook func() bool // takes s out of the hands of Close
}

// DialDashboard connects to the server at address; without a path it means
// /ws/dashboard. The context bounds the first connection alone. It starts no
// goroutine. Of the options it uses those about the connection and the token.
func DialDashboard(ctx context.Context, address string, o Options) (*Dashboard, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	u, _, err := endpoint(address, "/ws/dashboard", "")
	if err != nil {
		return nil, err
	}
	if err := takeToken(u, &o); err != nil {
		return nil, err
	}
	d := &Dashboard{opts: o, address: u.String()}
	d.ctx, d.stop = context.WithCancel(context.Background())
	if err := d.connect(ctx); err != nil {
		d.stop()
		return nil, err
	}
	return d, nil
}

// Close ends the connection and a loop over Frames. It may be called from any
// goroutine, and twice.
func (d *Dashboard) Close() error {
	d.stop()
	return nil
}

// Format implements fmt.Formatter for every verb, without what may be secret.
func (d *Dashboard) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "dashboard of %s", shown(d.address))
}

// Frames yields frames as they come, until ctx ends or Close is called. It is
// for one goroutine, and leaving the loop ends the connection. A lost connection
// is yielded as an error (a *ConnError); going on with the loop waits, with the backoff of Options, and connects again, unless the
// error is final, which ends it. Frames of kinds that this client does not
// know are passed over.
//
// With Options.Token the loop has a goroutine beside it that renews the token, as
// long as it runs. A renewal that fails is yielded as a *TokenError beside the next
// frame; the connection stays.
func (d *Dashboard) Frames(ctx context.Context) iter.Seq2[*Frame, error] {
	return func(yield func(*Frame, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(d.ctx, cancel)() // Close ends a pause as well
		waits := &backoff{min: d.opts.BackoffMin, max: d.opts.BackoffMax}
		for {
			err := d.pump(ctx, yield)
			if err == nil {
				return
			}
			waits.lived(time.Since(d.since))
			for err != nil {
				if ctx.Err() != nil || d.ctx.Err() != nil {
					return
				}
				err.Final = d.opts.NoReconnect || !err.reconnectable()
				if !yield(nil, err) || err.Final || !pause(ctx, waits.next(err.RetryAfter)) {
					return
				}
				if lost := d.connect(ctx); lost != nil {
					err = asConnError(lost)
					continue
				}
				err = nil
			}
		}
	}
}

func (d *Dashboard) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, d.opts.DialTimeout)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	s, err := dialSocket(ctx, &d.opts, d.address)
	if err != nil {
		return err
	}
	d.s, d.since = s, time.Now()
	d.unhook = context.AfterFunc(d.ctx, func() { _ = s.raw.Close() })
	return nil
}

// pump yields the frames of one connection. It returns nil when the loop is
// over.
func (d *Dashboard) pump(ctx context.Context, yield func(*Frame, error) bool) *ConnError {
	if d.s == nil {
		return &ConnError{Final: true, Reason: "the dashboard's connection was given up"}
	}
	p := newDashboardPump(&d.opts, d.s)
	defer func() { d.unhook(); d.s = nil; p.s.drop() }()
	defer context.AfterFunc(ctx, func() { _ = p.s.raw.Close() })()
	end := p.run(ctx, yield)
	if end == nil {
		return nil
	}
	return p.renewer.explain(end)
}

// dashboardPump is one connection of a Dashboard while its frames are read.
type dashboardPump struct {
	s       *socket
	silence time.Duration // that means that nobody is there: a frame comes every second
	asking  *asking
	renewer *renewer // nil without tokens
	failed  chan *TokenError
}

func newDashboardPump(o *Options, s *socket) *dashboardPump {
	p := &dashboardPump{s: s, silence: plus(o.PingInterval, o.PingTimeout), failed: make(chan *TokenError, 1)}
	p.asking = newAsking(o.DialTimeout, func(message []byte) error {
		return s.ws.Write(context.Background(), websocket.MessageText, message)
	})
	p.renewer = newRenewer(o, s, p.asking, func(err *TokenError) {
		select {
		case p.failed <- err:
		default: // who is slow to read has one to read already
		}
	})
	return p
}

// run reads until the connection ends, or the loop: then it returns nil. Its
// renewer has ended when it returns.
func (p *dashboardPump) run(ctx context.Context, yield func(*Frame, error) bool) *ConnError {
	if p.renewer != nil {
		alive, stop := context.WithCancel(ctx)
		var beside sync.WaitGroup
		beside.Go(func() { p.renewer.run(alive) })
		defer beside.Wait()
		defer stop()
		defer func() { _ = p.s.raw.Close() }() // ends a write that is under way
	}
	for {
		_ = p.s.raw.SetReadDeadline(time.Now().Add(p.silence))
		_, b, err := p.s.read()
		if err != nil {
			return ended(err)
		}
		frame, t, err := readFrame(b)
		if err != nil {
			return &ConnError{CloseCode: abnormal, Err: err}
		}
		if t != nil {
			frame = p.told(t)
		}
		if frame != nil && !yield(frame, nil) {
			return nil
		}
		select {
		case err := <-p.failed:
			if !yield(nil, err) {
				return nil
			}
		default:
		}
	}
}

// told takes what is no measurement, and returns the frame that it makes, if any.
func (p *dashboardPump) told(t *told) *Frame {
	switch {
	case t.Type == "auth_ok":
		p.renewer.learn(t)
		p.asking.hear(t)
	case t.Type == "error":
		p.asking.refuse(t.failure())
	case t.Code == noticeExpiring:
		p.renewer.warn(t)
	case t.Code == noticeNotification:
		n := t.notification()
		return &Frame{Notification: &n}
	}
	return nil
}
