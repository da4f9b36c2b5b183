//go:build linux

package chaos_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// TestTooMuchToDrain ends the process while more waits than can be answered in
// the drain timeout. Each request that was read still has its one answer, a
// prediction or draining, before the socket is closed with 1001.
func TestTooMuchToDrain(t *testing.T) {
	const sockets, requests, rows, drain = 12, 64, 16, 3 * time.Second
	v := startVictim(t, limits{}, "--drain-timeout=3s", "--workers=1", "--model="+writeBundle(t, "heavy", 784, 6144, 6144, 10))
	c := gather(t, sockets, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
	ends := make([]ending, len(c.all))
	signalled := make(chan struct{})
	go func() {
		defer close(signalled)
		eventually(t, patience, "a full queue", func() bool {
			return v.metrics()["penstock_requests_received_total"] >= sockets*requests
		})
		v.signal(syscall.SIGTERM)
	}()
	parallel(len(c.all), len(c.all), func(i int) { ends[i] = c.all[i].outlive(requests, rows) })
	<-signalled
	took := v.mustEnd(drain + 10*time.Second)
	var all ending
	for i, e := range ends {
		if e.answers() != requests || e.code() != 1001 {
			t.Errorf("socket %d: %d of %d requests were answered: %d predictions, %d draining, %d others, and then %v", i, e.answers(), requests, e.predicted, e.draining, e.others, e.err)
		}
		all.predicted, all.draining, all.others = all.predicted+e.predicted, all.draining+e.draining, all.others+e.others
	}
	t.Logf("of %d requests, %d were predicted, %d told draining, %d else; ended %v after the sockets, with %v",
		sockets*requests, all.predicted, all.draining, all.others, took.Round(time.Millisecond), v.err)
}

// ending is what a socket saw of the end.
type ending struct {
	predicted, draining, others int
	err                         error
}

func (e ending) answers() int { return e.predicted + e.draining + e.others }

func (e ending) code() uint16 {
	var c *closed
	if errors.As(e.err, &c) {
		return c.code
	}
	return 0
}

// outlive sends requests, each with an id of its own, and reads until the end.
func (r *raw) outlive(requests, rows int) (e ending) {
	for i := range requests {
		request := binaryRequest(rows, 0, make([]byte, rows*784))
		binary.LittleEndian.PutUint64(request[8:], uint64(i))
		if e.err = r.send(frame(opBinary, request)); e.err != nil {
			return e
		}
	}
	answered := map[uint64]bool{}
	for {
		var answer []byte
		if answer, e.err = r.read(2 * patience); e.err != nil {
			return e
		}
		if len(answer) < 16 || answer[0] != 0x81 && answer[0] != 0xFF {
			continue // a notice
		}
		id := binary.LittleEndian.Uint64(answer[8:])
		if answered[id] {
			e.err = fmt.Errorf("request %d was answered twice", id)
			return e
		}
		answered[id] = true
		switch {
		case answer[0] == 0x81:
			e.predicted++
		case answer[1] == 18:
			e.draining++
		default:
			e.others++
		}
	}
}
