package command

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"penstock/app"
	"penstock/monitor"
	"penstock/protocol"
	"penstock/weights"
	"penstock/weights/engines"
)

// TestChaos runs the whole program under clients of which many vanish, cleanly
// or not, in the middle of it. What the clients saw and what the server counts
// must agree: on a socket that lived every request has exactly one answer, the
// right one; on one that was cut none has two; and nothing is left behind.
func TestChaos(t *testing.T) {
	sockets, requests := 500, 200_000
	if raceEnabled {
		requests = 20_000
	}
	digits := readDigits(t)
	a, stop := startApp(t)
	address := a.Addr().String()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)

	began := time.Now()
	var seen history
	var clients sync.WaitGroup
	for i := range sockets {
		clients.Go(func() {
			c := chaosClient{address: address, digits: digits, random: rand.New(rand.NewPCG(1, uint64(i))), seen: &seen}
			if err := c.run(requests / sockets); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	took := time.Since(began)

	var ledger monitor.Traffic
	eventually(t, "rest, with the goroutines and descriptors of before", func() bool {
		ledger = a.Traffic()
		return ledger.Connections == 0 && ledger.Users == 0 && a.PoolStats()[0].InFlight == 0 &&
			ledger.Received == ledger.Predicted+ledger.Errors+ledger.Shed+ledger.Undeliverable &&
			runtime.NumGoroutine() <= goroutines && openFiles(t) <= files
	})
	t.Logf("%d sockets, %d connections, %d cut and %d closed in the middle; %d requests sent, %d answered, in %v (%.0f/s)",
		sockets, seen.connections.Load(), seen.cut.Load(), seen.closed.Load(), seen.sent.Load(), seen.answered.Load(),
		took.Round(time.Millisecond), float64(seen.answered.Load())/took.Seconds())
	t.Logf("ledger %+v", ledger)
	sent, answered, lived := seen.sent.Load(), seen.answered.Load(), seen.lived.Load()
	if ledger.Received > sent || ledger.Received < lived {
		t.Errorf("%d requests received; want at least the %d of sockets that lived, and at most the %d sent", ledger.Received, lived, sent)
	}
	if ledger.Predicted < answered || ledger.Errors != 0 || ledger.Shed != 0 {
		t.Errorf("%+v; want at least the %d predictions that clients saw, and no errors", ledger, answered)
	}
	if seen.cut.Load() == 0 || seen.closed.Load() == 0 {
		t.Error("there was no chaos")
	}
	stop()
}

// digitRows are held-out digits with the model's own answers.
type digitRows struct {
	pixels [][]byte
	json   []string
	class  []int
}

func readDigits(t *testing.T) *digitRows {
	t.Helper()
	rows, err := weights.HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := weights.Default(engines.All(engines.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	m, err := bundle.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	session, err := m.NewSession(1)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	digits := &digitRows{}
	scale := float32(m.Spec().Input.Uint8Scale)
	features, scores := make([]float32, rows.Features), make([]float32, m.Spec().Width())
	for i := range min(rows.Len(), 500) {
		for j, pixel := range rows.Row(i) {
			features[j] = float32(pixel) * scale
		}
		if err := session.Predict(scores, features, 1); err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(features)
		if err != nil {
			t.Fatal(err)
		}
		best := 0
		for class, score := range scores {
			if score > scores[best] {
				best = class
			}
		}
		digits.pixels = append(digits.pixels, rows.Row(i))
		digits.json = append(digits.json, string(encoded))
		digits.class = append(digits.class, best)
	}
	return digits
}

// history is what all clients together did and saw.
type history struct{ connections, cut, closed, sent, answered, lived atomic.Uint64 }

// chaosClient streams digits and breaks off at random, to begin anew.
type chaosClient struct {
	address string
	digits  *digitRows
	random  *rand.Rand
	seen    *history
}

// ending is how a connection ends.
type ending int

const (
	lives  ending = iota // until every request is answered
	cut                  // with a reset
	closes               // with a close frame, answers outstanding
)

// run sends so many requests over as many connections as it takes.
func (c *chaosClient) run(requests int) error {
	for requests > 0 {
		n, how := min(requests, 1+c.random.IntN(300)), ending(c.random.IntN(3))
		if err := c.connection(n, how); err != nil {
			return err
		}
		requests -= n
	}
	return nil
}

// window is how many requests a chaos client has in flight.
const window = 16

func (c *chaosClient) connection(n int, how ending) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	s, err := dialSocket(ctx, c.address, "/ws/predict")
	if err != nil {
		return err
	}
	defer s.cut()
	c.seen.connections.Add(1)
	room := make(chan struct{}, window)
	read := make(chan error, 1)
	answers := make([]int, n)
	first := c.random.IntN(len(c.digits.class))
	go func() { read <- c.read(ctx, s, answers, first, how == lives, room) }()

	for i := range n {
		select {
		case room <- struct{}{}:
		case err := <-read:
			return fmt.Errorf("after %d of %d requests: %w", i, n, err)
		}
		c.seen.sent.Add(1)
		if err := c.send(ctx, s, i, (first+i)%len(c.digits.class)); err != nil {
			return err
		}
	}
	switch how {
	case lives:
		c.seen.lived.Add(uint64(n))
	case cut:
		c.seen.cut.Add(1)
		s.cut()
	case closes:
		c.seen.closed.Add(1)
		_ = s.Close(websocket.StatusNormalClosure, "") // answers may still come before its echo
	}
	if err := <-read; err != nil {
		return err
	}
	for id, times := range answers {
		if times > 1 || times == 0 && how == lives {
			return fmt.Errorf("request %d of %d has %d answers on a socket that ended as %d", id, n, times, how)
		}
	}
	if how == lives {
		return s.Close(websocket.StatusNormalClosure, "")
	}
	return nil
}

// send asks for a digit, now in JSON and now in bytes.
func (c *chaosClient) send(ctx context.Context, s *socket, id, digit int) error {
	if id%8 == 0 {
		return s.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"features":%s,"request_id":%d}`, c.digits.json[digit], id))
	}
	frame := make([]byte, 24, 24+len(c.digits.pixels[digit]))
	frame[0], frame[1] = protocol.BinaryPredict, protocol.DTypeUint8
	binary.LittleEndian.PutUint32(frame[4:], 1)
	binary.LittleEndian.PutUint64(frame[8:], uint64(id))
	return s.Write(ctx, websocket.MessageBinary, append(frame, c.digits.pixels[digit]...))
}

// read counts the answers to each request and checks them, until all have
// come or the connection ends.
func (c *chaosClient) read(ctx context.Context, s *socket, answers []int, first int, all bool, room <-chan struct{}) error {
	for left := len(answers); left > 0; left-- {
		kind, message, err := s.Read(ctx)
		if err != nil {
			if all {
				return fmt.Errorf("with %d answers missing: %w", left, err)
			}
			return nil
		}
		id, class, err := readAnswer(kind, message)
		if err != nil {
			return err
		}
		if id < 0 || id >= len(answers) {
			return fmt.Errorf("an answer to request %d, which was not sent", id)
		}
		if want := c.digits.class[(first+id)%len(c.digits.class)]; class != want {
			return fmt.Errorf("request %d was answered with %d; want %d", id, class, want)
		}
		answers[id]++
		c.seen.answered.Add(1)
		<-room
	}
	return nil
}

func readAnswer(kind websocket.MessageType, message []byte) (id, class int, err error) {
	if kind == websocket.MessageText {
		var reply struct {
			RequestID  *int   `json:"request_id"`
			Prediction string `json:"prediction"`
		}
		if err := json.Unmarshal(message, &reply); err != nil || reply.RequestID == nil || len(reply.Prediction) != 1 {
			return 0, 0, fmt.Errorf("%s is no prediction", message)
		}
		return *reply.RequestID, int(reply.Prediction[0] - '0'), nil
	}
	if len(message) != 32 || message[0] != protocol.BinaryPrediction {
		return 0, 0, fmt.Errorf("%x is no prediction", message)
	}
	return int(binary.LittleEndian.Uint64(message[8:])), int(math.Float32frombits(binary.LittleEndian.Uint32(message[24:]))), nil
}

// quiet are the options of a command line, without a log and the dashboard.
func quiet(t *testing.T, c serveCmd) app.Options {
	t.Helper()
	options, err := c.options()
	if err != nil {
		t.Fatal(err)
	}
	options.Logger, options.Dashboard = slog.New(slog.DiscardHandler), nil
	return options
}

// startApp runs the whole program, with the flags' defaults, until stop or the
// end of the test.
func startApp(t *testing.T, flags ...string) (a *app.App, stop func()) {
	t.Helper()
	var c commands
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"serve", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"}, flags...)); err != nil {
		t.Fatal(err)
	}
	if a, err = app.New(quiet(t, c.Serve)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	ready := mustDial(t, a.Addr().String(), "/ws/echo") // it serves
	_ = ready.Close(websocket.StatusNormalClosure, "")
	eventually(t, "no connection", func() bool { return a.Traffic().Connections == 0 })
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return a, stop
}

// eventually waits until something comes true for which there is no event to
// wait for: the kernel tells of a vanished peer when it likes.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("there never was: %s", what)
		}
	}
}

// openFiles counts the process's descriptors, where the system shows them.
func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return len(entries)
}
