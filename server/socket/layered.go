package socket

import (
	"errors"
	"net"
	"os"
	"time"
)

// A layer such as TLS cannot go on after a write that failed: a part of one of its
// records may have left, and it does not know which. So a slow peer is waited for
// beneath it, where the bytes of a record are written as those of frames are
// without a layer.

// layer is a connection on top of another.
type layer interface{ NetConn() net.Conn }

// diverter lets the connection beneath a layer be written to in another way.
type diverter interface {
	Divert(write func(raw net.Conn, b []byte) (int, error))
}

// beneath returns the connection at the bottom of layers.
func beneath(conn net.Conn) net.Conn {
	for {
		over, ok := conn.(layer)
		if !ok {
			return socketOf(conn)
		}
		conn = over.NetConn()
	}
}

// divert arranges for patience beneath a layer, if there is one.
func (o *Outbox) divert() {
	over, ok := o.conn.(layer)
	if !ok {
		return
	}
	o.layered = true
	if under, ok := over.NetConn().(diverter); ok {
		under.Divert(o.writeBeneath)
	}
}

// writeBeneath writes what a layer has made of frames. It runs on the writer's
// goroutine, and on the reader's where the layer says something of its own; the
// layer lets one at a time. A record that a peer has been too slow for gets a last
// moment to be taken whole: else it could not be told why it is closed.
func (o *Outbox) writeBeneath(raw net.Conn, record []byte) (int, error) {
	if err := o.beginRecord(raw); err != nil {
		return 0, err
	}
	n, err := o.writePatiently(raw, record)
	if errors.Is(err, os.ErrDeadlineExceeded) && o.giveUp() {
		_ = raw.SetWriteDeadline(time.Now().Add(lingerTime))
		var m int
		m, err = raw.Write(record[n:])
		n += m
	}
	if err != nil {
		o.breakLayer()
	}
	return n, err
}

// beginRecord fails after a record that was cut, which nothing may follow. The
// goodbye of a layer comes after all else, and is not waited for as long as TLS
// would.
func (o *Outbox) beginRecord(raw net.Conn) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken {
		return net.ErrClosed
	}
	if o.dead {
		_ = raw.SetWriteDeadline(time.Now().Add(lingerTime))
	}
	return nil
}

// giveUp notes that the peer is too slow. It reports false for one that is not
// served any more.
func (o *Outbox) giveUp() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead || o.draining {
		return false
	}
	o.tooSlow = true
	return true
}

func (o *Outbox) breakLayer() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken = true
}
