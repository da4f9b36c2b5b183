package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is one of those compared.
type server struct {
	name  string
	port  int
	path  string
	args  []string
	env   []string
	cores string
}

func (c comparison) servers() []server {
	bin := func(name string) string { return filepath.Join(c.bin, name) }
	penstock := func(name, path, model string, port int) server {
		return server{name, port, path, []string{bin("penstock"), "--listen", address(port), "--admin-listen", "",
			"--log-level", "error", "--model", model}, nil, "0"}
	}
	twoCores := penstock("Penstock, wide, two cores", "/ws/predict", c.wide, 9014)
	twoCores.cores = bothCores
	return []server{
		penstock("Penstock", "/ws/predict", c.net, 9010),
		penstock("Penstock, digits", "/ws/predict", c.digits, 9011),
		penstock("Penstock's own echo", "/ws/echo", c.net, 9012),
		twoCores,
		penstock("Penstock, wide, one core", "/ws/predict", c.wide, 9013),
		{name: networkAlone},
		{"plain echo", 9001, "/", []string{bin("echo"), "-listen", address(9001)}, nil, "0"},
		{"gathered echo", 9002, "/", []string{bin("gathered"), "-listen", address(9002)}, nil, "0"},
		{"naive Go", 9003, "/", []string{bin("naive"), "-listen", address(9003), "-bundle", c.net}, nil, "0"},
		{"FastAPI + torch", 9004, "/ws/predict", []string{c.python, "python/server.py", filepath.Join(c.net, "model.pt"), "9004"},
			[]string{"OMP_NUM_THREADS=1"}, "0"},
		{"Node ws + onnxruntime", 9005, "/", []string{c.node, "node/server.mjs", filepath.Join(c.net, "model.onnx"), "9005"}, nil, "0"},
	}
}

// bothCores of a machine that the load shares with the server.
const bothCores = "0,1"

func address(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// start runs the server on its cores and returns what stops it.
func (s server) start() (pid int, stop func(), err error) {
	cmd := exec.Command("taskset", append([]string{"-c", s.cores}, s.args...)...)
	cmd.Env = append(os.Environ(), s.env...)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		conn, err := net.Dial("tcp", address(s.port))
		if err == nil {
			conn.Close()
			return cmd.Process.Pid, stop, nil // taskset became the server: exec
		}
		if time.Now().After(deadline) {
			stop()
			return 0, nil, fmt.Errorf("%s does not listen: %w\n%s", s.name, err, log.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// residentKiB reads a process's resident memory.
func residentKiB(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kib, _ := strconv.ParseFloat(fields[1], 64)
			return kib
		}
	}
	return 0
}
