package watch_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"penstock/access"
	"penstock/monitor"
	"penstock/protocol"
	"penstock/server/manners"
	"penstock/server/socket"
	"penstock/server/socket/pipe"
	"penstock/server/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// machine is one that does nothing, so that tests read no files.
type machine struct{}

func (machine) Usage() (monitor.Usage, error) { return monitor.Usage{CPUs: 2}, nil }

// start serves dashboards of a bus on pipes until the end of the test, and returns
// how to connect one.
func start(t *testing.T, bus watch.Bus, with ...func(*watch.Options)) (connect func() *websocket.Conn) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	source, err := monitor.New(monitor.Options{Machine: machine{}})
	must(err)
	opt := watch.Options{
		Monitor: source, Bus: bus,
		Hello: func(*access.Session) []byte { return []byte(`{"type":"hello"}`) },
		Renew: func(*access.Session, *manners.Meter, []byte) ([]byte, *protocol.Error) {
			return []byte(`{"type":"auth_ok"}`), nil
		},
		Refuse: func(err error) *protocol.Error { return protocol.Errorf(protocol.Forbidden, "%s", err) },
	}
	for _, set := range with {
		set(&opt)
	}
	all, err := watch.New(opt)
	must(err)
	guard, err := access.New(access.Options{})
	must(err)
	hub := socket.NewHub(socket.Options{MaxConns: 10, MaxReplyBytes: 1 << 20})
	public := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		place, err := hub.Enter(socket.Visitor{})
		must(err)
		conn, err := hub.Upgrade(w, r, place, socket.Endpoint{MaxMessageBytes: watch.MaxMessageBytes})
		must(err)
		guest, err := guard.Enter(guard.Anonymous(), access.Entry{Share: "somewhere"})
		must(err)
		conn.Start(func() {
			defer guest.Leave()
			all.Serve(conn, guest)
		})
	})}
	pipes := pipe.Listen(pipe.New)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = source.Run(ctx) })
	running.Go(func() { all.Run(ctx) })
	running.Go(func() { hub.Run(ctx) })
	running.Go(func() { _ = public.Serve(pipes) })
	t.Cleanup(func() {
		hub.Close(ctx, 0)
		_ = public.Close()
		cancel()
		running.Wait()
	})
	return func() *websocket.Conn {
		client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return pipes.Dial(ctx)
		}}}
		ws, response, err := websocket.Dial(ctx, "ws://localhost/", &websocket.DialOptions{HTTPClient: client})
		must(err)
		if response.Body != nil {
			_ = response.Body.Close()
		}
		t.Cleanup(func() { _ = ws.CloseNow() })
		return ws
	}
}

// TestDashboardsOfOneBus see each other's notes, and who writes one, on whatever
// server they are; those of another bus do not.
func TestDashboardsOfOneBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := watch.NewBus()
		here, there, elsewhere := start(t, bus)(), start(t, bus)(), start(t, nil)()
		time.Sleep(1500 * time.Millisecond)
		for _, message := range []string{`{"type":"typing"}`, `{"type":"note","text":"shared"}`} {
			if err := here.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
				t.Fatal(err)
			}
		}
		seen := func(ws *websocket.Conn) string {
			t.Helper()
			var types []string
			for frames := 0; frames < 4; { // one is of before
				_, message, err := ws.Read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				kind, _, _ := strings.Cut(strings.TrimPrefix(string(message), `{"type":"`), `"`)
				switch kind {
				case "metrics":
					frames++
				case "note", "typing":
					types = append(types, kind)
				}
			}
			return strings.Join(types, " ")
		}
		if got := seen(here); got != "note" {
			t.Errorf("the author saw %q; want its note", got)
		}
		if got := seen(there); got != "note typing" {
			t.Errorf("who watches another server of the same bus saw %q; want note typing", got)
		}
		if got := seen(elsewhere); got != "" {
			t.Errorf("who watches a server of another bus saw %q", got)
		}
	})
}

// TestCalibrationsAreFrozen, one after the other as they are asked for, of models that
// are served.
func TestCalibrationsAreFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type change struct {
			model  string
			frozen bool
		}
		asked := make(chan change, 8)
		ws := start(t, nil, func(o *watch.Options) {
			o.Serves = func(model string) bool { return model == "digits" }
			o.FreezeCalibration = func(model string, frozen bool) *protocol.Error {
				asked <- change{model, frozen}
				return nil
			}
		})()
		for _, message := range []string{
			`{"type":"freeze_calibration","model":"nobody","frozen":true}`,
			`{"type":"freeze_calibration","model":"digits","frozen":true}`,
			`{"type":"freeze_calibration","model":"digits","frozen":false}`,
		} {
			if err := ws.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []change{{"digits", true}, {"digits", false}} {
			if got := <-asked; got != want {
				t.Errorf("%+v was asked for; want %+v", got, want)
			}
		}
		for {
			_, message, err := ws.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(message), `"code":"unknown_model"`) {
				return
			}
		}
	})
}

func TestWhatDashboardsNeed(t *testing.T) {
	if _, err := watch.New(watch.Options{}); err == nil || !strings.Contains(err.Error(), "Monitor") {
		t.Errorf("%v; want an error that names Monitor", err)
	}
}

// TestBusForgetsThoseWhoCancel, and hands frames to the others in order.
func TestBusForgetsThoseWhoCancel(t *testing.T) {
	bus := watch.NewBus()
	var staying, leaving []string
	cancel := bus.Subscribe(func(f watch.Frame) { leaving = append(leaving, string(f.Encoded)) })
	defer bus.Subscribe(func(f watch.Frame) { staying = append(staying, string(f.Encoded)) })()
	bus.Publish(watch.Frame{Topic: watch.Notes, Encoded: []byte("1")})
	cancel()
	cancel()
	bus.Publish(watch.Frame{Topic: watch.Notes, Encoded: []byte("2")})
	if got := strings.Join(staying, "") + "," + strings.Join(leaving, ""); got != "12,1" {
		t.Errorf("%s; want 12,1", got)
	}
}
