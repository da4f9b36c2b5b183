//go:build linux

package outside_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long these tests wait for what must come.
const patience = 20 * time.Second

// output is what a process has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a program that runs beside the test, at most until its end.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	said  output
	ended chan struct{} // closed when it has
	err   error         // of its end, then
}

// run starts a program in a process group of its own, which is killed with the test.
func run(t *testing.T, environment []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.Background(), name, args...)
	p.cmd.Env = append(p.cmd.Environ(), environment...)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the process
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the process and what it started.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

func (p *process) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// mustEnd waits for the end, which must be a good one.
func (p *process) mustEnd(within time.Duration) {
	p.t.Helper()
	select {
	case <-p.ended:
		if p.err != nil {
			p.t.Errorf("%s ended with %v; it said:\n%s", p.cmd.Path, p.err, p.said.String())
		}
	case <-time.After(within):
		p.t.Fatalf("%s does not end within %v; it said:\n%s", p.cmd.Path, within, p.said.String())
	}
}

// penstock is the program under test.
type penstock struct {
	*process
	address string
}

// logLine is what the program logs that these tests look at.
type logLine struct{ Msg, URL, Caller string }

// serve starts the program on a free port and waits until it serves.
func serve(t *testing.T, flags ...string) *penstock {
	t.Helper()
	p := &penstock{process: run(t, nil, program, append([]string{"serve", "--listen=127.0.0.1:0", "--admin-listen=", "--log-format=json"}, flags...)...)}
	_, p.address, _ = strings.Cut(p.logged("ready").URL, "://")
	return p
}

// logged waits for a line with a message, and returns the last such line.
func (p *penstock) logged(message string) (line logLine) {
	p.t.Helper()
	eventually(p.t, "the program's log to say "+message, func() bool {
		if p.gone() {
			p.t.Fatalf("the program ended with %v; it said:\n%s", p.err, p.said.String())
		}
		for text := range strings.Lines(p.said.String()) {
			var l logLine
			if json.Unmarshal([]byte(text), &l) == nil && l.Msg == message {
				line = l
			}
		}
		return line.Msg != ""
	})
	return line
}

// pause waits, where there is nothing that could be waited for.
func pause(d time.Duration) { <-time.After(d) }

// eventually waits until something holds, and fails the test after a while.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); pause(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
