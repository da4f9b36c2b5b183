//go:build linux

package chaos_test

import (
	"bytes"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestAPauseDropsNobody stops the process for longer than a message may take,
// as a paused container or a machine that swaps does, and lets it go on. With
// PENSTOCK_CHAOS_LONG the pause is longer than the heartbeat's timeout.
func TestAPauseDropsNobody(t *testing.T) {
	stopped := 12 * time.Second
	if os.Getenv("PENSTOCK_CHAOS_LONG") != "" {
		stopped = 40 * time.Second
	}
	v := startVictim(t, limits{})
	before := v.holdings()
	q := questions(t, "")
	open := func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") }
	idle, middle, sending := gather(t, 50, open), gather(t, 20, open), gather(t, 20, open)
	request := frame(opBinary, q[0].binary)
	middle.each(func(r *raw) error { return r.send(request[:400]) })
	pause(500 * time.Millisecond)

	v.signal(syscall.SIGSTOP)
	pause(time.Second)
	sending.each(func(r *raw) error { return r.send(request) })
	pause(stopped - time.Second)
	v.signal(syscall.SIGCONT)

	pause(3 * time.Second) // sweeps go by
	idle.mustAnswer("idle", request, &q[0])
	middle.mustAnswer("in a message", request[400:], &q[0])
	sending.mustAnswer("with a request in the kernel", nil, &q[0])
	for _, c := range []*crowd{idle, middle, sending} {
		c.leave()
	}
	v.mustRest(before)
}

// mustAnswer sends something on each and reads the answer.
func (c *crowd) mustAnswer(what string, send []byte, q *question) {
	c.t.Helper()
	errs := c.together(func(r *raw) error {
		if err := r.send(send); err != nil {
			return err
		}
		answer, err := r.read(patience)
		if err != nil {
			return err
		}
		_, err = q.check(bytes.Clone(answer), 0, true)
		return err
	})
	failed := 0
	for _, err := range errs {
		if err != nil {
			if failed++; failed == 1 {
				c.t.Errorf("a socket %s: %v", what, err)
			}
		}
	}
	if failed > 0 {
		c.t.Errorf("%d of %d sockets %s were dropped", failed, len(c.all), what)
	}
}
