package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"penstock/protocol"
)

// Frame is one message of the dashboard. One of its fields is set.
type Frame struct {
	History *protocol.History // the first frame: what was measured before
	Metrics *protocol.Metrics // every second
	Alert   *protocol.Alert   // a value crossed its threshold, or came back
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
// goroutine. Of the options it uses those about the connection.
func DialDashboard(ctx context.Context, address string, o Options) (*Dashboard, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	u, _, err := endpoint(address, "/ws/dashboard", "")
	if err != nil {
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

// Frames yields frames as they come, until ctx ends or Close is called. It is
// for one goroutine, and leaving the loop ends the connection. A lost connection
// is yielded as an error (a *ConnError); going on with the loop waits, with the backoff of Options, and connects again, unless the
// error is final, which ends it. Frames of kinds that this client does not
// know are passed over.
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
	s := d.s
	if s == nil {
		return &ConnError{Final: true, Reason: "the dashboard's connection was given up"}
	}
	defer func() { d.unhook(); d.s = nil; s.drop() }()
	defer context.AfterFunc(ctx, func() { _ = s.raw.Close() })()
	for {
		// A frame comes every second: silence means that nobody is there.
		_ = s.raw.SetReadDeadline(time.Now().Add(plus(d.opts.PingInterval, d.opts.PingTimeout)))
		_, b, err := s.read()
		if err != nil {
			return ended(err)
		}
		frame, err := readFrame(b)
		if err != nil {
			return &ConnError{CloseCode: abnormal, Err: err}
		}
		if frame != nil && !yield(frame, nil) {
			return nil
		}
	}
}

// readFrame returns nil for a frame of a kind that it does not know.
func readFrame(b []byte) (frame *Frame, err error) {
	var kind struct{ Type string }
	if err = json.Unmarshal(b, &kind); err == nil {
		switch kind.Type {
		case "history":
			frame = &Frame{History: new(protocol.History)}
			err = json.Unmarshal(b, frame.History)
		case "metrics":
			frame = &Frame{Metrics: new(protocol.Metrics)}
			err = json.Unmarshal(b, frame.Metrics)
		case "alert":
			frame = &Frame{Alert: new(protocol.Alert)}
			err = json.Unmarshal(b, frame.Alert)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the server sent what is not a dashboard frame: %w", err)
	}
	return frame, nil
}
