//go:build linux

package child_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"penstock/model"
	"penstock/model/child"
)

// The shared memory stays as long as it is: else the server would die of a look at it.
func TestMemoryCannotBeShortened(t *testing.T) {
	p := mustEcho(t, nil)
	for range 2 {
		if err := sums(t, p, 0, 1, -6); err != nil {
			t.Fatal(err)
		}
	}
}

// A text of more bytes than there is room for is cut, and made valid.
func TestTextTooLong(t *testing.T) {
	err := sums(t, mustEcho(t, nil), 0, 1, -7)
	if failed, ok := errors.AsType[*child.FailedError](err); !ok || len(failed.Text) > 4096 || !utf8.ValidString(failed.Text) {
		t.Errorf("got %v", err)
	}
}

func TestFailureIsBounded(t *testing.T) {
	_, err := echo(t, map[string]any{"fail": "\x1b[31m" + strings.Repeat("x", 100_000)}, nil)
	if failed, ok := errors.AsType[*child.FailedError](err); !ok || len(failed.Text) > 4096 || !strings.HasPrefix(failed.Text, "?[31mx") {
		t.Errorf("got %T of %d bytes", err, len(fmt.Sprint(err)))
	}
}

// When memory runs out, the kernel ends the process rather than the server.
func TestEndsBeforeTheServer(t *testing.T) {
	score := func(pid int) (n int) {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid))
		if err != nil {
			t.Skip(err)
		}
		if _, err := fmt.Sscan(string(data), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	p := mustEcho(t, nil)
	if ours, its := score(os.Getpid()), score(p.Status().PID); its != min(ours+500, 1000) {
		t.Errorf("oom_score_adj is %d, the server's %d", its, ours)
	}
}

// Who escapes from a process that dies holds nobody up.
func TestEscaped(t *testing.T) {
	p := mustEcho(t, nil)
	if err := sums(t, p, 0, 1, -8); !errors.Is(err, model.ErrUnavailable) {
		t.Errorf("a process that forks and dies: %v", err)
	}
	if err := sums(t, p, 0, 1, 1); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if s := p.Status(); s.Restarts != 1 {
		t.Errorf("status %+v", s)
	}
}

// beServer has the test's program be a server that has a process, until it is killed.
const beServer = "CHILD_TEST_SERVER"

func server() {
	script, err := filepath.Abs("testdata/echo.py")
	if err != nil {
		panic(err)
	}
	p, _, err := child.Start(child.Config{
		Name: "echo", Settings: map[string]any{}, Lanes: 1, MaxRows: 1, Features: 1, Width: 1,
		Command: func() (*exec.Cmd, []*os.File, error) { return exec.Command("python3", script), nil, nil },
	})
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stdout, p.Status().PID)
	select {}
}

// A process ends with its server, also when that is killed.
func TestEndsWithTheServer(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), beServer+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	_, scanned := fmt.Fscan(out, &pid)
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	if scanned != nil {
		t.Fatal(scanned)
	}
	for end := time.Now().Add(patience); alive(pid); time.Sleep(time.Millisecond) { // as often as it is looked at
		if time.Now().After(end) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("process %d goes on without its server", pid)
		}
	}
}

// alive tells whether a process runs; one that nobody has waited for yet does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}

// No descriptor and no zombie is left of processes that ended.
func TestNothingIsLeft(t *testing.T) {
	p := mustEcho(t, nil)
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	restart := func() {
		pid := p.Status().PID
		if err := sums(t, p, 0, 1, 1); err != nil { // so that it is started again at once
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for s := p.Status(); s.PID == pid || s.PID == 0; s = p.Status() {
			time.Sleep(time.Millisecond) // as often as the status is looked at
		}
		if _, err := os.Stat(filepath.Join("/proc", fmt.Sprint(pid))); err == nil {
			t.Fatalf("process %d is still there", pid)
		}
	}
	restart()
	before := open()
	for range 20 {
		restart()
	}
	if after := open(); after > before {
		t.Errorf("%d descriptors are open, before 20 restarts %d", after, before)
	}
}
