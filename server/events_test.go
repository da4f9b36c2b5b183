package server_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/monitor"
	"penstock/protocol"
)

// events is a reader of /events.
type events struct {
	t    testing.TB
	resp *http.Response
	in   *bufio.Reader
	stop context.CancelFunc
}

func (r *rig) events(header ...string) *events {
	r.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r.t.Cleanup(stop)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/events", http.NoBody)
	r.must(err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := r.http.Do(request)
	r.must(err)
	return &events{r.t, response, bufio.NewReader(response.Body), stop}
}

// next reads up to the next empty line.
func (e *events) next() string {
	e.t.Helper()
	var event strings.Builder
	for {
		line, err := e.in.ReadString('\n')
		if err != nil {
			e.t.Fatalf("after %q: %v", event.String(), err)
		}
		if line == "\n" {
			return event.String()
		}
		event.WriteString(line)
	}
}

func (e *events) expect(want string) {
	e.t.Helper()
	if got := e.next(); !matches(got, want) {
		e.t.Errorf("received %q; want %q", got, want)
	}
}

func (e *events) close() {
	e.stop()
	_ = e.resp.Body.Close()
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		e := r.events()
		for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store"} {
			if got := e.resp.Header.Get(name); got != want {
				t.Errorf("%s is %q; want %q", name, got, want)
			}
		}
		e.expect("retry: #\n")
		e.expect("data: {\"type\":\"history\",\"points\":[]}\n")
		began := time.Now()
		for n := 1; n <= 3; n++ {
			e.expect(fmt.Sprintf("id: %d\ndata: {\"type\":\"metrics\",\"seq\":%d,…}\n", n, n))
		}
		if took := time.Since(began).Round(time.Millisecond); took != 3*time.Second {
			t.Errorf("three frames took %v", took)
		}
		e.close()
	})
}

// TestEventsResume: who names the last event seen gets what came since, and
// the history where that is not known.
func TestEventsResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, monitor: func(o *monitor.Options) { o.History = 10 }})
		time.Sleep(20*time.Second + 500*time.Millisecond)
		e := r.events("Last-Event-ID", "17")
		e.expect("retry: #\n")
		for n := 18; n <= 21; n++ { // the last one is news
			e.expect(fmt.Sprintf("id: %d\ndata: {\"type\":\"metrics\",\"seq\":%d,…}\n", n, n))
		}
		e.close()
		for _, id := range []string{"3", "99", "-1", "x", "18446744073709551616"} {
			e := r.events("Last-Event-ID", id)
			e.expect("retry: #\n")
			data, _ := strings.CutPrefix(e.next(), "data: ")
			if history := decode[protocol.History](t, data); history.Type != "history" || len(history.Points) != 10 {
				t.Errorf("Last-Event-ID %s: %.80s; want the history", id, data)
			}
			e.close()
		}
	})
}

// TestEventsHeartbeat: a comment keeps the connection alive while there is no
// news.
func TestEventsHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, monitor: func(o *monitor.Options) { o.Interval = 40 * time.Second }})
		e := r.events()
		e.expect("retry: #\n")
		e.expect("data: {\"type\":\"history\",…")
		began := time.Now()
		e.expect(": alive\n")
		if wait := time.Since(began); wait != 15*time.Second {
			t.Errorf("the comment came after %v; want 15 s", wait)
		}
		e.expect(": alive\n")
		e.expect("id: 1\n…")
		e.close()
	})
}

// TestEventsOfNobody: a reader that is gone, or does not read, is let go.
func TestEventsOfNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true, rigid: true})
		leaving := r.events()
		leaving.expect("retry: #\n")
		leaving.close()
		stalled := r.open()
		stalled.mustWrite([]byte("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"))
		time.Sleep(10 * time.Second)
		if _, err := stalled.Write([]byte("x")); err == nil {
			t.Error("who had not read for 10 s was kept")
		}
	})
}

// TestEventsEndWithTheServer, and do not hold it up.
func TestEventsEndWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		e := r.events()
		e.expect("retry: #\n")
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				if _, err := e.in.ReadString('\n'); err != nil {
					return
				}
			}
		}()
		began := time.Now()
		r.stop()
		<-ended
		if took := time.Since(began); took > time.Second {
			t.Errorf("stopping took %v", took)
		}
	})
}
