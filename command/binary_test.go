package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// built is the program as make build makes it, once for all tests; removeBinary
// removes it after them.
var built struct {
	once sync.Once
	path string
	err  error
}

func buildBinary() (string, error) {
	built.once.Do(func() {
		folder, err := os.MkdirTemp("", "penstock-test")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(folder, "penstock")
		build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", built.path, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	return built.path, built.err
}

func removeBinary() {
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path))
	}
}

// program is the built binary as a process of its own.
type program struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string
	admin   string        // the address of the other listener
	said    []string      // messages of its log that have been read
	ready   time.Duration // from its start until it said so
	lines   chan logLine  // what it logged since, closed at its end
	ended   chan struct{} // closed when it has
	err     error         // of its end, then
}

// logLine is one line of its log.
type logLine struct{ Level, Msg, URL, Err string }

// runBinary starts the program and waits until it is ready. At the end of the
// test it is killed if it still runs.
func runBinary(t *testing.T, flags ...string) *program {
	t.Helper()
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	return runCommand(t, append([]string{path, "serve"}, flags...)...)
}

// runCommand is runBinary with a command line, to which it adds what all have.
func runCommand(t *testing.T, command ...string) *program {
	t.Helper()
	p := &program{t: t, lines: make(chan logLine, 1000), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.Background(), command[0],
		append(command[1:], "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--log-format=json")...)
	log, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.follow(log) // ends with the process
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	p.admin = strings.TrimPrefix(p.logged("admin").URL, "http://")
	url := p.logged("ready").URL
	p.ready = time.Since(began)
	p.address = strings.TrimPrefix(url, "http://")
	return p
}

// follow reads the log to its end, and then how the process ended.
func (p *program) follow(log io.Reader) {
	defer close(p.ended)
	defer close(p.lines)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		line := logLine{Msg: lines.Text()}
		_ = json.Unmarshal(lines.Bytes(), &line) // what is not JSON stands as it is
		select {
		case p.lines <- line:
		default: // nobody waits for so many
		}
	}
	p.err = p.cmd.Wait()
}

// logged waits for a line with a message.
func (p *program) logged(message string) logLine {
	p.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	var before []logLine
	for {
		select {
		case line, ok := <-p.lines:
			p.said = append(p.said, line.Msg)
			if line.Msg == message {
				return line
			}
			if !ok {
				p.t.Fatalf("the program ended before it said %q; it said %v", message, before)
			}
			before = append(before, line)
		case <-timeout.C:
			p.t.Fatalf("the program did not say %q, but %v", message, before)
		}
	}
}

func (p *program) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits for the end and returns how it was and how long it took.
func (p *program) wait() (took time.Duration, err error) {
	p.t.Helper()
	began := time.Now()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-p.ended:
		return time.Since(began), p.err
	case <-timeout.C:
		p.t.Fatal("the program does not end")
		return 0, errors.New("unreachable")
	}
}

// TestBinaryIsLight: small on disk, and in memory while it idles. How soon it
// is ready is logged, not judged: that is for benchmarks.
func TestBinaryIsLight(t *testing.T) {
	p := runBinary(t)
	t.Logf("ready after %v", p.ready.Round(time.Millisecond))
	info, err := os.Stat(p.cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("binary of %.1f MiB", float64(info.Size())/(1<<20))
	if info.Size() >= 40<<20 {
		t.Errorf("the binary has %d bytes; want less than 40 MiB", info.Size())
	}
	resident, err := residentBytes(p.cmd.Process.Pid)
	if err != nil {
		t.Skipf("this system does not tell what a process takes: %v", err)
	}
	t.Logf("%.1f MiB resident", float64(resident)/(1<<20))
	if resident > 60<<20 {
		t.Errorf("%d bytes are resident; want at most 60 MiB", resident)
	}
}

// residentBytes reads VmRSS of a process from /proc.
func residentBytes(pid int) (int64, error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(status), "VmRSS:")
	if fields := strings.Fields(rest); found && len(fields) > 0 {
		kibi, err := strconv.ParseInt(fields[0], 10, 64)
		return kibi << 10, err
	}
	return 0, errors.New("no VmRSS in /proc")
}
