package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

// program is a process that was started.
type program struct {
	cmd     *exec.Cmd
	control net.Conn
	exited  chan struct{} // closed when it has, and all that it printed was read

	mu     sync.Mutex
	reason string // why it was killed
	reaped bool   // from then on its number may be another's
}

// greeting is the first line that a process is told.
type greeting struct {
	Lanes     int `json:"lanes"`
	LaneBytes int `json:"lane_bytes"`
	MaxRows   int `json:"max_rows"`
	Features  int `json:"features"`
	Width     int `json:"width"`
	Settings  any `json:"config"`
}

// said is the line that it answers with.
type said struct {
	Ready  json.RawMessage `json:"ready"`
	Failed string          `json:"failed"`
}

// maxLine is how much a process may say at a time.
const maxLine = 1 << 20

// longestFailure is how much is told of why a process could not get ready.
const longestFailure = 4096 // bytes

// start starts the command and waits until it is ready, has failed, or has been given
// up.
func start(c Config, memory *os.File, giveUp <-chan struct{}) (*program, json.RawMessage, error) {
	cmd, files, err := c.Command()
	if err != nil {
		return nil, nil, err
	}
	defer closeAll(files)
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, nil, err
	}
	defer theirs.Close()
	out, in, err := os.Pipe()
	if err != nil {
		ours.Close()
		return nil, nil, err
	}
	defer in.Close()
	cmd.ExtraFiles = append([]*os.File{memory, theirs}, files...)
	cmd.Stdout, cmd.Stderr = in, in
	if cmd.Env == nil {
		cmd.Env = environment()
	}
	// A group of its own: a terminal's interrupt is for the server, which drains before
	// it ends its processes.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		ours.Close()
		out.Close()
		return nil, nil, err
	}
	endFirst(cmd.Process.Pid)
	p := &program{cmd: cmd, control: ours, exited: make(chan struct{})}
	last := &lastLine{}
	go p.reap(c, out, last)
	answer, err := p.greet(c, giveUp)
	if err != nil {
		p.kill("")
		<-p.exited
		if text := last.get(); text != "" && !isFailed(err) {
			err = fmt.Errorf("%w; the last that it printed was: %s", err, text)
		}
		return nil, nil, err
	}
	return p, answer, nil
}

// plain is a text of a process, which may be cut within a letter, without what would
// steer the terminal that shows it.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

func isFailed(err error) bool {
	_, failed := errors.AsType[*FailedError](err)
	return failed
}

// reap reads what the process prints, and waits for its end.
func (p *program) reap(c Config, out *os.File, last *lastLine) {
	defer close(p.exited)
	defer p.control.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		logLines(c, out, last)
	}()
	// Whatever it has started ends with it, before the group's number may be another's.
	for unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR { //nolint:revive // interrupted: again
	}
	p.mu.Lock()
	_ = unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL)
	_ = p.cmd.Wait()
	p.reaped = true
	p.mu.Unlock()
	// Whoever escaped from its group does not hold us up.
	_ = out.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	<-read
	out.Close()
}

// greet tells the process what it needs, and waits for its answer.
func (p *program) greet(c Config, giveUp <-chan struct{}) (json.RawMessage, error) {
	line, err := json.Marshal(greeting{
		Lanes: c.Lanes, LaneBytes: laneBytes(c.MaxRows, c.Features, c.Width), MaxRows: c.MaxRows, Features: c.Features, Width: c.Width, Settings: c.Settings,
	})
	if err != nil {
		return nil, err
	}
	given := make(chan struct{})
	defer close(given)
	go func() {
		select {
		case <-giveUp:
		case <-p.exited:
		case <-given:
			return
		}
		_ = p.control.SetDeadline(time.Now())
	}()
	_ = p.control.SetDeadline(time.Now().Add(c.Starting))
	var answer said
	_, err = p.control.Write(append(line, '\n'))
	if err == nil {
		err = json.NewDecoder(io.LimitReader(p.control, maxLine)).Decode(&answer)
	}
	switch {
	case answer.Failed != "":
		return nil, &FailedError{plain(answer.Failed[:min(len(answer.Failed), longestFailure)])}
	case errors.Is(err, os.ErrDeadlineExceeded) && !p.hasExited():
		return nil, fmt.Errorf("%s was not ready after %v", c.Name, c.Starting)
	case err != nil:
		return nil, fmt.Errorf("%s ended before it was ready", c.Name)
	case answer.Ready == nil:
		return nil, fmt.Errorf("%s said something else than ready or failed", c.Name)
	}
	return answer.Ready, p.control.SetDeadline(time.Time{})
}

func (p *program) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// kill ends the process, and all of its group.
func (p *program) kill(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason == "" {
		p.reason = reason
	}
	if !p.reaped {
		_ = unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL)
		_ = p.cmd.Process.Kill()
	}
}

// why tells how the process ended.
func (p *program) why() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason != "" {
		return p.reason
	}
	return p.cmd.ProcessState.String()
}

func socketPair() (ours net.Conn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	file := os.NewFile(uintptr(fds[0]), "control")
	defer file.Close()
	theirs = os.NewFile(uintptr(fds[1]), "control")
	if ours, err = net.FileConn(file); err != nil {
		theirs.Close()
	}
	return ours, theirs, err
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// environment is ours without what is meant for the server alone, such as secrets.
func environment() (list []string) {
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PENSTOCK_") {
			list = append(list, variable)
		}
	}
	return list
}

// endFirst has the kernel end the process, and not the server, when memory runs out.
func endFirst(pid int) {
	data, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return
	}
	ours, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return
	}
	_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", strconv.AppendInt(nil, int64(min(ours+500, 1000)), 10), 0)
}

// resident is how much memory a process has, in bytes; 0 when that cannot be told.
func resident(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	if fields := strings.Fields(string(data)); len(fields) > 1 {
		pages, _ := strconv.ParseInt(fields[1], 10, 64)
		return pages * int64(os.Getpagesize())
	}
	return 0
}
