//go:build unix

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// drainTimeout is the flag's default: the bound for the whole end.
const drainTimeout = 20 * time.Second

// TestSIGTERMUnderLoad ends the program while clients stream and others
// misbehave. Each request that it had read has its answer, a prediction or
// draining, before the close frame; every client is told first; and it exits
// with 0 in time.
func TestSIGTERMUnderLoad(t *testing.T) {
	p := runBinary(t)
	digits := readDigits(t)
	var streams sync.WaitGroup
	var busy atomic.Int64
	clients := make([]*drainClient, 20)
	for i := range clients {
		clients[i] = &drainClient{socket: mustDial(t, p.address, "/ws/predict"), digits: digits}
		streams.Go(func() { clients[i].run(&busy) })
	}
	stopHostile := startHostile(t, p.address)
	eventually(t, "every client with answers", func() bool { return busy.Load() == int64(len(clients)) })

	p.signal(syscall.SIGTERM)
	p.logged("draining")
	took, err := p.wait()
	if err != nil {
		t.Errorf("the program ended with %v", err)
	}
	if took > drainTimeout {
		t.Errorf("the end took %v; want %v at most", took, drainTimeout)
	}
	stopHostile()
	streams.Wait()
	predicted, drained, unread := 0, 0, 0
	for i, c := range clients {
		if err := c.check(); err != nil {
			t.Errorf("client %d: %v", i, err)
		}
		predicted += c.predicted
		drained += c.drained
		unread += c.sent - c.predicted - c.drained
	}
	t.Logf("ended in %v; %d requests predicted, %d told draining, %d never read", took.Round(time.Millisecond), predicted, drained, unread)
}

// TestSIGHUP means nothing yet: a terminal that goes away leaves the program as
// it was.
func TestSIGHUP(t *testing.T) {
	p := runBinary(t)
	for range 3 {
		p.signal(syscall.SIGHUP)
		mustDial(t, p.address, "/ws/predict").cut()
	}
	p.signal(syscall.SIGTERM)
	p.logged("draining")
	if _, err := p.wait(); err != nil {
		t.Errorf("the program ended with %v; want a drain", err)
	}
}

// TestSecondSIGTERM ends the program at once, whatever it still waits for. It
// asks again every tenth of a second: a signal that comes in the very moment of
// the first may be taken for it.
func TestSecondSIGTERM(t *testing.T) {
	p := runBinary(t)
	stalled := mustDial(t, p.address, "/ws/predict")
	if err := stalled.stallInFrame(); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGTERM)
	p.logged("draining") // and then for the peer, which takes seconds
	began := time.Now()
	p.signal(syscall.SIGTERM)
	<-p.ended
	var exit *exec.ExitError
	if !errors.As(p.err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the program ended with %v; want to be ended by the second signal", p.err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the second signal took %v", took)
	}
}

// startHostile opens sockets that would hold up whoever waits for them: one
// stalls in a frame, one sends and never reads, one takes the dashboard's
// frames and never reads them.
func startHostile(t *testing.T, address string) (stop func()) {
	t.Helper()
	stalled := mustDial(t, address, "/ws/predict")
	if err := stalled.stallInFrame(); err != nil {
		t.Fatal(err)
	}
	deaf := mustDial(t, address, "/ws/predict")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var err error
		for err == nil { // until the server hangs up
			err = deaf.Write(context.Background(), websocket.MessageText, []byte(`{"features":[1],"request_id":1}`))
		}
	}()
	dashboard := mustDial(t, address, "/ws/dashboard")
	return func() {
		for _, s := range []*socket{stalled, deaf, dashboard} {
			s.cut()
		}
		<-ended
	}
}

// drainClient streams until the server closes.
type drainClient struct {
	*socket
	digits *digitRows

	sent               int
	predicted, drained int
	answers            map[int]int // by request
	warned             bool
	wrong              error
	closed             error
}

// run counts itself busy once it has an answer.
func (c *drainClient) run(busy *atomic.Int64) {
	c.answers = make(map[int]int)
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	room := make(chan struct{}, window)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c.closed == nil {
			c.read(ctx, room, busy)
		}
	}()
	for {
		select {
		case room <- struct{}{}:
		case <-done:
			return
		}
		message := fmt.Appendf(nil, `{"features":%s,"request_id":%d}`, c.digits.json[c.sent%len(c.digits.json)], c.sent)
		if c.Write(ctx, websocket.MessageText, message) != nil {
			<-done
			return
		}
		c.sent++
	}
}

func (c *drainClient) read(ctx context.Context, room <-chan struct{}, busy *atomic.Int64) {
	_, message, err := c.Read(ctx)
	if err != nil {
		c.closed = err
		return
	}
	var reply struct {
		Type, Code string
		RequestID  int    `json:"request_id"`
		Prediction string `json:"prediction"`
	}
	if err := json.Unmarshal(message, &reply); err != nil {
		c.wrong = fmt.Errorf("%s: %w", message, err)
		return
	}
	switch {
	case reply.Type == "notice" && reply.Code == "going_away":
		c.warned = true
		return
	case reply.Type == "error" && reply.Code == "draining":
		c.drained++
	case reply.Type == "prediction" && reply.Prediction == fmt.Sprint(c.digits.class[reply.RequestID%len(c.digits.class)]):
		if c.predicted++; c.predicted == 1 {
			busy.Add(1)
		}
	default:
		c.wrong = fmt.Errorf("received %s", message)
	}
	c.answers[reply.RequestID]++
	<-room
}

// check judges what the client saw. The server reads a socket in order, so
// those requests that it has read are the first so many: they are answered
// once each, with none left out.
func (c *drainClient) check() error {
	switch {
	case c.wrong != nil:
		return c.wrong
	case !c.warned:
		return errors.New("was not told that the server goes away")
	case websocket.CloseStatus(c.closed) != websocket.StatusGoingAway:
		return fmt.Errorf("closed with %w; want 1001", c.closed)
	}
	for id := range len(c.answers) {
		if c.answers[id] != 1 {
			return fmt.Errorf("request %d has %d answers, and %d requests have some", id, c.answers[id], len(c.answers))
		}
	}
	return nil
}
