//go:build linux

package chaos_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/coder/websocket"
)

const (
	healthyClients = 50
	healthyPause   = 40 * time.Millisecond // between an answer and the next request
	healthyBefore  = 1500 * time.Millisecond
)

// healthy are the clients that nothing may happen to.
type healthy struct {
	t         *testing.T
	v         *victim
	questions []question
	mayShed   bool                    // overloaded is what the attack is answered with
	token     func(number int) string // of a client, all of whom are at the attacker's address then; nil: none
	attacked  atomic.Bool
	stopped   atomic.Bool
	running   sync.WaitGroup
	clients   []*client
}

// client is one of them, with an address of its own.
type client struct {
	of     *healthy
	number int
	ws     *websocket.Conn
	// Latencies in microseconds, before the attack and in it.
	before, during *hdrhistogram.Histogram
	answers, shed  int
	err            error // that ended it
}

// startHealthy connects them and has them ask for a moment before it returns.
func startHealthy(v *victim, q []question, mayShed bool) *healthy {
	v.t.Helper()
	return (&healthy{t: v.t, v: v, questions: q, mayShed: mayShed}).start()
}

func (h *healthy) start() *healthy {
	v := h.v
	v.t.Helper()
	for i := range healthyClients {
		c := &client{of: h, number: i, before: hdrhistogram.New(1, 60_000_000, 3), during: hdrhistogram.New(1, 60_000_000, 3)}
		if err := c.dial(); err != nil {
			v.t.Fatal(err)
		}
		h.clients = append(h.clients, c)
		h.running.Go(func() { c.err = c.run() })
	}
	v.t.Cleanup(h.end)
	pause(healthyBefore)
	h.attacked.Store(true)
	return h
}

func (h *healthy) end() {
	h.stopped.Store(true)
	h.running.Wait()
	for _, c := range h.clients {
		_ = c.ws.CloseNow()
	}
}

// mustBeWell ends them, checks that each had all its answers, and reports how
// long these took.
func (h *healthy) mustBeWell() {
	h.t.Helper()
	h.v.mustLive()
	h.end()
	answers, shed, failed := 0, 0, 0
	for _, c := range h.clients {
		answers += c.answers
		shed += c.shed
		if c.err != nil {
			if failed++; failed <= 3 {
				h.t.Errorf("healthy client %d after %d answers: %v", c.number, c.answers, c.err)
			}
		}
	}
	if failed > 3 {
		h.t.Errorf("%d of %d healthy clients failed", failed, len(h.clients))
	}
	if shed > 0 && !h.mayShed {
		h.t.Errorf("%d of %d requests of healthy clients were shed", shed, answers+shed)
	}
	h.report(answers, shed)
}

func (h *healthy) report(answers, shed int) {
	before, during := hdrhistogram.New(1, 60_000_000, 3), hdrhistogram.New(1, 60_000_000, 3)
	for _, c := range h.clients {
		before.Merge(c.before)
		during.Merge(c.during)
	}
	at := func(x *hdrhistogram.Histogram, q float64) float64 { return float64(x.ValueAtQuantile(q)) / 1000 }
	h.t.Logf("healthy: %d answers, %d shed; p50 %.2f ms before, %.2f during (× %.1f); p99 %.2f before, %.2f during (× %.1f)",
		answers, shed, at(before, 50), at(during, 50), at(during, 50)/at(before, 50),
		at(before, 99), at(during, 99), at(during, 99)/at(before, 99))
}

func (c *client) dial() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+c.number))}}
	header := http.Header{}
	if c.of.token != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(attackerFrom)}
		header.Set("Authorization", "Bearer "+c.of.token(c.number))
	}
	transport := &http.Transport{DialContext: dialer.DialContext}
	ws, response, err := websocket.Dial(ctx, "ws://"+c.of.v.address+"/ws/predict", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: header, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return err
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	c.ws = ws
	return nil
}

// run asks in both kinds by turns until it is stopped.
func (c *client) run() error {
	for n := c.number; !c.of.stopped.Load(); n++ {
		q := &c.of.questions[n%len(c.of.questions)]
		began := time.Now()
		if err := c.exchange(q, uint64(n), n%2 == 0); err != nil {
			if c.of.v.gone() {
				return nil // mustLive says why
			}
			return err
		}
		h := c.before
		if c.of.attacked.Load() {
			h = c.during
		}
		_ = h.RecordValue(min(time.Since(began).Microseconds(), 60_000_000))
		pause(healthyPause)
	}
	return nil
}

func (v *victim) gone() bool {
	select {
	case <-v.ended:
		return true
	default:
		return false
	}
}

// exchange asks once.
func (c *client) exchange(q *question, id uint64, inBinary bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	kind, request := websocket.MessageText, q.json
	if inBinary {
		kind, request = websocket.MessageBinary, slices.Clone(q.binary)
		binary.LittleEndian.PutUint64(request[8:], id)
	}
	if err := c.ws.Write(ctx, kind, request); err != nil {
		return err
	}
	_, answer, err := c.ws.Read(ctx)
	if err != nil {
		return err
	}
	shed, err := q.check(answer, id, inBinary)
	switch {
	case shed:
		c.shed++
	case err == nil:
		c.answers++
	}
	return err
}

// check compares an answer with the reference, bit for bit.
func (q *question) check(answer []byte, id uint64, inBinary bool) (shed bool, err error) {
	if inBinary {
		return q.checkBinary(answer, id)
	}
	var a struct {
		Code, Prediction string
		Confidence       float32
		Scores           []float32
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return false, fmt.Errorf("answer %.100q: %w", answer, err)
	}
	if a.Code == "overloaded" {
		return true, nil
	}
	if !strings.HasSuffix(a.Prediction, fmt.Sprint(q.class)) || !sameBits(a.Scores, q.scores) || !sameBits([]float32{a.Confidence}, q.scores[q.class:q.class+1]) {
		return false, fmt.Errorf("answer %.300s; want class %d with scores %v", answer, q.class, q.scores)
	}
	return false, nil
}

func (q *question) checkBinary(answer []byte, id uint64) (shed bool, err error) {
	if len(answer) >= 16 && answer[0] == 0xFF && answer[1] == 8 {
		return true, nil
	}
	want := []byte{0x81, 0, 1, 0, 1, 0, 0, 0}
	want = binary.LittleEndian.AppendUint64(want, id)
	want = append(want, make([]byte, 8)...)
	for _, f := range append([]float32{float32(q.class), q.scores[q.class]}, q.scores...) {
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(f))
	}
	if string(answer) != string(want) {
		return false, fmt.Errorf("answer % x; want % x", answer[:min(len(answer), 80)], want)
	}
	return false, nil
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}
