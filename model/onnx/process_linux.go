//go:build amd64 || arm64

package onnx

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// startTime is how long a process may take until it is ready.
const startTime = time.Minute

// process is one life of the program.
type process struct {
	sync.RWMutex // held for reading while a lane is used, and for writing to unmap

	command *exec.Cmd
	socket  *os.File
	shared  []byte
	lanes   []*lane
	ready   ready
	stderr  *tail
	dead    atomic.Bool
	ended   chan struct{}
	why     error // read after ended
}

type ready struct {
	Version string   `json:"version"`
	Single  bool     `json:"single"`
	Inputs  []string `json:"inputs"`
	Outputs []string `json:"outputs"`
}

// task is what a process is told.
type task struct {
	Lanes     int    `json:"lanes"`
	LaneBytes int    `json:"lane_bytes"`
	MaxRows   int    `json:"max_rows"`
	Features  int    `json:"features"`
	Width     int    `json:"width"`
	Config    config `json:"config"`
}

type config struct {
	Library    string     `json:"library"`
	Folder     string     `json:"folder"`
	Threads    int        `json:"threads"`
	Shape      []int      `json:"shape,omitempty"`
	Categories [][]string `json:"categories,omitempty"`
	Missing    []bool     `json:"missing,omitempty"`
	Single     bool       `json:"single"`
}

// inMemory makes a file that has no name. It returns a descriptor above those that
// the process is given, so that none of them takes its place.
func inMemory(name string, data []byte) (*os.File, error) {
	low, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memory for %s: %w", name, err)
	}
	defer unix.Close(low)
	fd, err := unix.FcntlInt(uintptr(low), unix.F_DUPFD_CLOEXEC, 64)
	if err != nil {
		return nil, fmt.Errorf("memory for %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err = f.Write(data); err != nil {
		f.Close()
		return nil, fmt.Errorf("memory for %s: %w", name, err)
	}
	return f, nil
}

var unpacked = sync.OnceValues(func() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(program))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
})

// start starts a process and waits until it is ready.
func start(t task, model *os.File) (p *process, err error) {
	code, err := unpacked()
	if err != nil {
		return nil, fmt.Errorf("the embedded program: %w", err)
	}
	executable, err := inMemory("penstock-onnx", code)
	if err != nil {
		return nil, err
	}
	defer executable.Close()
	if err = executable.Chmod(0o700); err != nil {
		return nil, err
	}
	p, err = startAs(fmt.Sprintf("/proc/self/fd/%d", executable.Fd()), t, model)
	if !errors.Is(err, os.ErrPermission) && !errors.Is(err, os.ErrNotExist) {
		return p, err
	}
	// Some machines forbid to run what has no name.
	folder, err := os.MkdirTemp("", "penstock-onnx-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := folder + "/runtime"
	if err = os.WriteFile(path, code, 0o700); err != nil {
		return nil, err
	}
	return startAs(path, t, model)
}

func startAs(path string, t task, model *os.File) (_ *process, err error) {
	memory, err := inMemory("penstock-ring", nil)
	if err != nil {
		return nil, err
	}
	defer memory.Close()
	if err = memory.Truncate(int64(t.Lanes * t.LaneBytes)); err != nil {
		return nil, err
	}
	p := &process{ended: make(chan struct{}), stderr: &tail{}}
	p.shared, err = unix.Mmap(int(memory.Fd()), 0, t.Lanes*t.LaneBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	for i := range t.Lanes {
		p.lanes = append(p.lanes, newLane(p.shared[i*t.LaneBytes:(i+1)*t.LaneBytes], t))
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		unix.Munmap(p.shared)
		return nil, err
	}
	p.socket = os.NewFile(uintptr(pair[0]), "socket")
	theirs := os.NewFile(uintptr(pair[1]), "socket")
	p.command = &exec.Cmd{Path: path, Args: []string{"penstock-onnx"}, ExtraFiles: []*os.File{memory, theirs, model}, Stderr: p.stderr,
		Env: os.Environ(), SysProcAttr: &syscall.SysProcAttr{Setpgid: true}}
	err = p.command.Start()
	theirs.Close()
	if err != nil {
		p.socket.Close()
		unix.Munmap(p.shared)
		return nil, err
	}
	go p.wait()
	if err = p.hello(t); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// hello gives the process its task.
func (p *process) hello(t task) error {
	line, err := json.Marshal(t)
	if err != nil {
		return err
	}
	p.socket.SetDeadline(time.Now().Add(startTime))
	_, err = p.socket.Write(append(line, '\n'))
	var told []byte
	if err == nil {
		told, err = bufio.NewReader(p.socket).ReadBytes('\n')
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &LoadError{Problem: fmt.Sprintf("the process was not ready after %v", startTime), Err: err}
	}
	if err != nil {
		p.command.Process.Kill()
		<-p.ended
		return &LoadError{Problem: fmt.Sprintf("its process ended while it loaded the model: %v%s", p.why, p.stderr.last()), Err: err}
	}
	var answer struct {
		Ready  *ready `json:"ready"`
		Failed string `json:"failed"`
	}
	if err = json.Unmarshal(told, &answer); err != nil {
		return err
	}
	if answer.Ready == nil {
		return &LoadError{Problem: answer.Failed}
	}
	p.ready = *answer.Ready
	return nil
}

// wait marks the end of the process.
func (p *process) wait() {
	p.why = p.command.Wait()
	p.dead.Store(true)
	for _, l := range p.lanes {
		wake(l.answered)
	}
	close(p.ended)
}

// end ends the process, waits for that and gives its memory back.
func (p *process) end() {
	p.command.Process.Kill()
	<-p.ended
	p.socket.Close()
	p.Lock()
	defer p.Unlock()
	if p.shared != nil {
		unix.Munmap(p.shared)
		p.shared, p.lanes = nil, nil
	}
}

// tail keeps the last of what a process writes.
type tail struct {
	mutex sync.Mutex
	text  []byte
}

func (t *tail) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text = append(t.text, text...)
	if over := len(t.text) - 2000; over > 0 {
		t.text = t.text[over:]
	}
	return len(text), nil
}

func (t *tail) last() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if lines := strings.Split(strings.TrimSpace(string(t.text)), "\n"); lines[0] != "" {
		return ": " + lines[0]
	}
	return ""
}
