//go:build linux

package catalogue_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// between is the time between an answer to a healthy client and its next request.
const between = 10 * time.Millisecond

// healthy are the clients that nothing may happen to.
type healthy struct {
	began   time.Time
	clients []*client
	stopped atomic.Bool
	running sync.WaitGroup

	mu      sync.Mutex
	answers []answer
}

// answer is how long one took.
type answer struct {
	at   time.Time
	took time.Duration
}

// client is one of the healthy.
type client struct {
	of     *healthy
	number int
	ws     *websocket.Conn
	want   []string // what is answered to each question, as it was when nobody else asked
	err    atomic.Pointer[error]
}

// question is one that the healthy ask: as JSON, or in binary.
type question struct {
	kind    websocket.MessageType
	message []byte
}

// questions are a few rows, each in both kinds, with all scores.
var questions = func() (list []question) {
	for i := range 4 {
		row := []float32{float32(i) / 3, -1.5, float32(math.Sqrt(float64(i)))}
		text := fmt.Appendf(nil, `{"features":[%v,%v,%v],"request_id":%d,"detail":["scores"]}`, row[0], row[1], row[2], i)
		frame := make([]byte, 24)
		frame[0], frame[1], frame[2], frame[4] = 1, 1, 1, 1
		binary.LittleEndian.PutUint64(frame[8:], uint64(100+i))
		for _, f := range row {
			frame = binary.LittleEndian.AppendUint32(frame, math.Float32bits(f))
		}
		list = append(list, question{websocket.MessageText, text}, question{websocket.MessageBinary, frame})
	}
	return list
}()

// attend has healthy clients ask for a moment before it returns, and until the end of
// the test or mustBeWell.
func (h *house) attend(t *testing.T, number int) *healthy {
	t.Helper()
	w := &healthy{began: time.Now()}
	t.Cleanup(w.end)
	for i := range number {
		c := &client{of: w, number: i}
		must(t, c.dial(h, h.token(t, fmt.Sprintf("healthy-%d", i), time.Hour)))
		w.clients = append(w.clients, c)
		for _, q := range questions {
			got, err := c.exchange(q)
			must(t, err)
			c.want = append(c.want, got)
		}
	}
	for _, c := range w.clients {
		w.running.Go(func() {
			if err := c.run(); err != nil {
				c.err.Store(&err)
			}
		})
	}
	if !within(patience, func() bool { return w.count() >= 50*number }) {
		t.Fatal("healthy clients are not served")
	}
	return w
}

func (c *client) dial(h *house, token string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://"+h.Addr().String()+"/ws/predict", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}}, CompressionMode: websocket.CompressionDisabled,
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	c.ws = ws
	return err
}

func (c *client) run() error {
	for n := c.number; !c.of.stopped.Load(); n++ {
		began := time.Now()
		got, err := c.exchange(questions[n%len(questions)])
		if err != nil {
			return err
		}
		if want := c.want[n%len(questions)]; got != want {
			return fmt.Errorf("answered %q; was %q", got, want)
		}
		c.of.note(answer{time.Now(), time.Since(began)})
		<-time.After(between)
	}
	return nil
}

func (c *client) exchange(q question) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, q.kind, q.message); err != nil {
		return "", err
	}
	_, got, err := c.ws.Read(ctx)
	return string(got), err
}

func (w *healthy) note(a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = append(w.answers, a)
}

func (w *healthy) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.answers)
}

func (w *healthy) end() {
	w.stopped.Store(true)
	w.running.Wait()
	for _, c := range w.clients {
		_ = c.ws.CloseNow()
	}
}

// mustGoOn tells which entry something happened beside.
func (w *healthy) mustGoOn(t *testing.T, beside string) {
	t.Helper()
	for _, c := range w.clients {
		if err := c.err.Swap(nil); err != nil {
			t.Errorf("healthy client %d, beside %q: %v", c.number, beside, *err)
		}
	}
}

// mustBeWell ends them, and checks that nothing happened to any.
func (w *healthy) mustBeWell(t *testing.T) {
	t.Helper()
	w.end()
	w.mustGoOn(t, "all else")
}

// times are how long answers took in a while.
type times []time.Duration

func (w *healthy) since(began time.Time) (sorted times) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.answers {
		if !a.at.Before(began) {
			sorted = append(sorted, a.took)
		}
	}
	slices.Sort(sorted)
	return sorted
}

// at is a quantile; 0 of none.
func (t times) at(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[min(len(t)-1, int(q*float64(len(t))))]
}

func (t times) String() string {
	return fmt.Sprintf("%d answers, p50 %v, p99 %v", len(t), t.at(0.5).Round(10*time.Microsecond), t.at(0.99).Round(10*time.Microsecond))
}

// beside compares with what was before.
func (t times) beside(quiet times) string {
	if len(t) == 0 {
		return "over before the next answer"
	}
	return fmt.Sprintf("%s (× %.1f)", t, float64(t.at(0.99))/float64(quiet.at(0.99)))
}
