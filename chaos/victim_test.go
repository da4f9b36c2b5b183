//go:build linux

package chaos_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long these tests wait for what must come.
const patience = 20 * time.Second

// limits are what the shell allows the program.
type limits struct {
	space int // KiB of address space
	files int
}

// tight is the limit of memory under which no attack may end the process.
var tight = limits{space: 2 << 20}

func (l limits) script() string {
	script := ""
	if l.space > 0 {
		script += fmt.Sprintf("ulimit -v %d; ", l.space)
	}
	if l.files > 0 {
		script += fmt.Sprintf("ulimit -n %d; ", l.files)
	}
	return script + `exec "$0" "$@"`
}

// victim is the program as a process of its own.
type victim struct {
	t              *testing.T
	cmd            *exec.Cmd
	address, admin string
	logged         atomic.Int64 // bytes
	ended          chan struct{}
	err            error // of its end, once it has

	mu    sync.Mutex
	lines []string // the last ones
}

// startVictim starts the program and waits until it serves. It is killed at the
// end of the test if it still runs.
func startVictim(t *testing.T, l limits, flags ...string) *victim {
	t.Helper()
	if program == "" {
		t.Skip("set PENSTOCK_CHAOS=required to attack the program; it takes minutes")
	}
	v := &victim{t: t, ended: make(chan struct{})}
	args := append([]string{"-c", l.script(), program, "serve", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--log-format=json"}, known(t, flags)...)
	v.cmd = exec.CommandContext(context.Background(), "sh", args...)
	log, err := v.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go v.follow(log, ready) // ends with the process
	t.Cleanup(v.kill)
	select {
	case <-ready:
	case <-v.ended:
		t.Fatalf("the program ended with %v at its start: %s", v.err, v.lastWords())
	case <-time.After(patience):
		t.Fatalf("the program does not get ready: %s", v.lastWords())
	}
	return v
}

// known leaves out the flags that the program does not have: what they bound
// then has no bound, and the attack shows it.
func known(t *testing.T, flags []string) (list []string) {
	t.Helper()
	help, err := exec.CommandContext(t.Context(), program, "serve", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range flags {
		name, _, _ := strings.Cut(flag, "=")
		if strings.Contains(string(help), name+"=") {
			list = append(list, flag)
			continue
		}
		t.Logf("the program has no flag %s", name)
	}
	return list
}

func (v *victim) kill() {
	_ = v.cmd.Process.Signal(syscall.SIGCONT)
	_ = v.cmd.Process.Kill()
	<-v.ended
}

// follow reads the log to its end, and then how the process ended.
func (v *victim) follow(log io.Reader, ready chan<- struct{}) {
	defer close(v.ended)
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadString('\n')
		v.logged.Add(int64(len(line)))
		var entry struct{ Msg, URL string }
		if json.Unmarshal([]byte(line), &entry) == nil {
			v.note(entry.Msg, strings.TrimPrefix(entry.URL, "http://"), ready)
		}
		v.remember(line)
		if err != nil {
			v.err = v.cmd.Wait()
			return
		}
	}
}

func (v *victim) note(message, address string, ready chan<- struct{}) {
	switch message {
	case "admin":
		v.admin = address
	case "ready":
		v.address = address
		close(ready)
	}
}

func (v *victim) remember(line string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lines = append(v.lines, line[:min(len(line), 300)])
	v.lines = v.lines[max(0, len(v.lines)-40):]
}

func (v *victim) lastWords() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Join(v.lines, "\n")
}

// mustLive fails the test at once if the process has ended.
func (v *victim) mustLive() {
	v.t.Helper()
	select {
	case <-v.ended:
		v.t.Fatalf("the program ended with %v; its last words:\n%s", v.err, v.lastWords())
	default:
	}
}

func (v *victim) signal(s os.Signal) {
	v.t.Helper()
	if err := v.cmd.Process.Signal(s); err != nil {
		v.t.Fatal(err)
	}
}

// mustEnd waits for the end, at most so long, and returns how long it took.
func (v *victim) mustEnd(within time.Duration) time.Duration {
	v.t.Helper()
	began := time.Now()
	select {
	case <-v.ended:
	case <-time.After(within):
		v.t.Fatalf("the program does not end within %v", within)
	}
	return time.Since(began)
}

// pause waits, where there is nothing that could be waited for.
func pause(d time.Duration) { <-time.After(d) }

// eventually waits until holds does, and fails the test after a while.
func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); ; pause(50 * time.Millisecond) {
		if holds() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for %s", within, what)
		}
	}
}
