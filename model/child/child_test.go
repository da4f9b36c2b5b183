//go:build linux

package child_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"penstock/model"
	"penstock/model/child"
)

func TestMain(m *testing.M) {
	if os.Getenv(beServer) != "" {
		server()
	}
	goleak.VerifyTestMain(m)
}

const patience = 30 * time.Second

// log is a buffer that may be written by several goroutines.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// echo is a process whose score is a row's sum.
func echo(t *testing.T, settings map[string]any, change func(*child.Config)) (*child.Process, error) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	script, err := filepath.Abs("testdata/echo.py")
	if err != nil {
		t.Fatal(err)
	}
	config := child.Config{
		Name: "echo", Settings: settings, Lanes: 2, MaxRows: 8, Features: 3, Width: 2, Patience: patience,
		Command: func() (*exec.Cmd, []*os.File, error) { return exec.Command(python, script), nil, nil },
	}
	if settings == nil {
		config.Settings = map[string]any{}
	}
	if change != nil {
		change(&config)
	}
	p, ready, err := child.Start(config)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	var said struct{ PID int }
	if err := json.Unmarshal(ready, &said); err != nil || said.PID != p.Status().PID || p.Status().State != model.ProcessReady {
		t.Errorf("ready said %s, status %+v", ready, p.Status())
	}
	return p, nil
}

func mustEcho(t *testing.T, change func(*child.Config)) *child.Process {
	t.Helper()
	p, err := echo(t, nil, change)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sums asks for n rows that begin with a number, and checks the answer.
func sums(t *testing.T, p *child.Process, lane, n int, first float32) error {
	rows, scores := make([]float32, 3*n), make([]float32, 2*n)
	for i := range n {
		rows[3*i], rows[3*i+1] = first+float32(i), 0.5
	}
	if err := p.Predict(lane, scores, rows, n); err != nil {
		return err
	}
	for i := range n {
		if want := first + float32(i) + 0.5; scores[2*i] != want || scores[2*i+1] != want+1 {
			t.Errorf("lane %d, row %d: %v; want %v", lane, i, scores[2*i:2*i+2], want)
		}
	}
	return nil
}

func TestPredict(t *testing.T) {
	p := mustEcho(t, nil)
	var lanes sync.WaitGroup
	for lane := range 2 {
		lanes.Go(func() {
			for n := range 500 {
				if err := sums(t, p, lane, 1+n%8, float32(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	lanes.Wait()
	err := sums(t, p, 0, 2, -1)
	if failed, ok := errors.AsType[*child.FailedError](err); !ok || failed.Text != "this row is wrong" || errors.Is(err, model.ErrUnavailable) {
		t.Errorf("a wrong row: %v", err)
	}
	if err := sums(t, p, 0, 1, 1); err != nil {
		t.Errorf("after a wrong row: %v", err)
	}
}

func TestStartFails(t *testing.T) {
	for _, c := range []struct {
		settings map[string]any
		change   func(*child.Config)
		says     string
	}{
		{map[string]any{"fail": "no such model"}, nil, "no such model"},
		{map[string]any{"die": true}, nil, "ended before it was ready; the last that it printed was: about to die"},
		{map[string]any{"sleep": true}, func(c *child.Config) { c.Starting = 300 * time.Millisecond }, "was not ready after 300ms"},
		{nil, func(c *child.Config) {
			c.Command = func() (*exec.Cmd, []*os.File, error) { return exec.Command("/nowhere/at/all"), nil, nil }
		}, "no such file"},
		{nil, func(c *child.Config) {
			c.Command = func() (*exec.Cmd, []*os.File, error) { return nil, nil, errors.New("nothing to run") }
		}, "nothing to run"},
	} {
		if _, err := echo(t, c.settings, c.change); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v; want %q", c.settings, err, c.says)
		}
	}
}

// Each batch has its own scores or is told that the engine is away, however often the
// process is killed.
func TestKilled(t *testing.T) {
	p := mustEcho(t, nil)
	var stop atomic.Bool
	var answered atomic.Int64
	var lanes sync.WaitGroup
	for lane := range 2 {
		lanes.Go(func() {
			for n := 0; !stop.Load(); n++ {
				switch err := sums(t, p, lane, 1+n%8, float32(n%1000)); {
				case err == nil:
					answered.Add(1)
				case !errors.Is(err, model.ErrUnavailable):
					t.Errorf("lane %d: %v", lane, err)
				}
			}
		})
	}
	for range 20 {
		before, pid := answered.Load(), p.Status().PID
		for pid == 0 || answered.Load() == before {
			time.Sleep(time.Millisecond) // as often as the status is looked at
			pid = p.Status().PID
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for p.Status().PID == pid {
			time.Sleep(time.Millisecond)
		}
	}
	stop.Store(true)
	lanes.Wait()
	if err := sums(t, p, 0, 1, 1); err != nil {
		t.Error(err)
	}
	if got := p.Status(); got.Restarts != 20 || got.State != model.ProcessReady || got.Bytes == 0 {
		t.Errorf("after 20 kills: %+v", got)
	}
}

// A crash, a hang and a limit of memory cost the batch alone.
func TestOwnFault(t *testing.T) {
	for name, c := range map[string]struct {
		first  float32
		change func(*child.Config)
		says   string
	}{
		"crash":  {-2, nil, "ended while it ran the batch"},
		"hang":   {-3, func(c *child.Config) { c.Hang = 100 * time.Millisecond }, "did not answer for 100ms and was killed"},
		"memory": {-4, func(c *child.Config) { c.MemoryLimit = 128 << 20 }, "ended while it ran the batch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := mustEcho(t, c.change)
			if err := sums(t, p, 0, 1, c.first); !errors.Is(err, model.ErrUnavailable) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v; want %q", err, c.says)
			}
			if err := sums(t, p, 0, 1, 1); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if s := p.Status(); s.Restarts != 1 {
				t.Errorf("status %+v", s)
			}
		})
	}
}

// Whoever prints without end is logged a little, and answers.
func TestFlood(t *testing.T) {
	var text log
	p := mustEcho(t, func(c *child.Config) { c.Log = slog.New(slog.NewTextHandler(&text, nil)) })
	if err := sums(t, p, 0, 1, -5); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "\n"); n == 0 || len(text.String()) > 1<<20 {
		t.Errorf("%d lines, %d bytes are logged", n, len(text.String()))
	}
}

// With patience at its end a batch is told at once that the engine is away.
func TestImpatient(t *testing.T) {
	p := mustEcho(t, func(c *child.Config) {
		c.Patience = time.Millisecond
		command, started := c.Command, false
		c.Command = func() (*exec.Cmd, []*os.File, error) {
			if started {
				return nil, nil, errors.New("not again")
			}
			started = true
			return command()
		}
	})
	if err := sums(t, p, 0, 1, -2); !errors.Is(err, model.ErrUnavailable) {
		t.Errorf("a crash: %v", err)
	}
	if err := sums(t, p, 0, 1, 1); !errors.Is(err, model.ErrUnavailable) || !strings.Contains(err.Error(), "is being started again") {
		t.Errorf("afterwards: %v", err)
	}
}

func BenchmarkCrossing(b *testing.B) {
	python, err := exec.LookPath("python3")
	if err != nil {
		b.Skip("no python3")
	}
	script, _ := filepath.Abs("testdata/echo.py")
	p, _, err := child.Start(child.Config{Name: "echo", Settings: map[string]any{}, Lanes: 1, MaxRows: 1, Features: 3, Width: 1,
		Command: func() (*exec.Cmd, []*os.File, error) { return exec.Command(python, script), nil, nil }})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	row, score := []float32{1, 2, 3}, make([]float32, 1)
	for b.Loop() {
		if err := p.Predict(0, score, row, 1); err != nil {
			b.Fatal(err)
		}
	}
}
