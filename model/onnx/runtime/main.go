// Command runtime runs a model with ONNX Runtime for a server that must not be
// linked with it. The server starts it with three files open: 3 is memory that
// both share, 4 a socket on which one JSON object a line goes each way, and 5 the
// model. It ends when the socket does.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

const (
	sharedFile = 3
	socketFile = 4
	modelFile  = 5
)

// task is the first line from the server.
type task struct {
	Lanes     int    `json:"lanes"`
	LaneBytes int    `json:"lane_bytes"`
	MaxRows   int    `json:"max_rows"`
	Features  int    `json:"features"`
	Width     int    `json:"width"`
	Config    config `json:"config"`
}

// answer is the line back: one of the two.
type answer struct {
	Ready  *ready `json:"ready,omitempty"`
	Failed string `json:"failed,omitempty"`
}

// ready says what was loaded.
type ready struct {
	Version string   `json:"version"`
	Single  bool     `json:"single"`
	Inputs  []string `json:"inputs"`
	Outputs []string `json:"outputs"`
}

func main() {
	socket := os.NewFile(socketFile, "socket")
	if err := serve(socket); err != nil {
		if errors.Is(err, io.EOF) {
			return
		}
		line, _ := json.Marshal(answer{Failed: err.Error()})
		socket.Write(append(line, '\n'))
		os.Exit(1)
	}
}

// serve returns only when there is nothing to serve.
func serve(socket *os.File) error {
	lines := bufio.NewReader(socket)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return io.EOF
	}
	var t task
	if err = json.Unmarshal(line, &t); err != nil {
		return fmt.Errorf("the task: %w", err)
	}
	need := (inputsAt+4*t.MaxRows*t.Features+63)&^63 + 4*t.MaxRows*t.Width
	if t.Lanes < 1 || t.MaxRows < 1 || t.Features < 1 || t.Width < 1 || t.LaneBytes < need {
		return fmt.Errorf("a task of %d lanes of %d bytes for %d rows of %d features and %d scores", t.Lanes, t.LaneBytes, t.MaxRows, t.Features, t.Width)
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), t.Lanes+1))
	shared, err := syscall.Mmap(sharedFile, 0, t.Lanes*t.LaneBytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("the shared memory: %w", err)
	}
	t.Config.Features, t.Config.Width = t.Features, t.Width
	e, err := load(t.Config, modelFile)
	if err != nil {
		return err
	}
	base := uintptr(unsafe.Pointer(unsafe.SliceData(shared)))
	var all []*lane
	for i := range t.Lanes {
		l, err := newLane(e, base+uintptr(i*t.LaneBytes), t.MaxRows)
		if err != nil {
			return err
		}
		all = append(all, l)
	}
	r := ready{Version: e.version, Single: e.Single}
	for _, in := range e.inputs {
		r.Inputs = append(r.Inputs, in.Name)
	}
	for _, o := range e.outputs {
		r.Outputs = append(r.Outputs, o.Name)
	}
	line, err = json.Marshal(answer{Ready: &r})
	if err != nil {
		return err
	}
	for _, l := range all {
		go l.serve()
	}
	if _, err = socket.Write(append(line, '\n')); err != nil {
		return io.EOF
	}
	for err == nil {
		_, err = lines.ReadByte()
	}
	return io.EOF
}
