//go:build linux

// Runtime runs an ONNX model with ONNX Runtime's C library, at the other end of the
// memory that package child shares: see its layout.go. It is a program of its own
// because the library may crash, and because whoever loads a C library without cgo is
// no static program any more, which the server stays.
//
// Descriptor 5 is the model, or its folder's file is named where tensors lie in files
// beside it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// greeting is the line that the parent sends.
type greeting struct {
	Lanes     int      `json:"lanes"`
	LaneBytes int      `json:"lane_bytes"`
	MaxRows   int      `json:"max_rows"`
	Features  int      `json:"features"`
	Width     int      `json:"width"`
	Config    settings `json:"config"`
}

// settings are what the parent says of the model. Without inputs, the model is only
// looked at.
type settings struct {
	Library  string   `json:"library"`
	Folder   string   `json:"folder"` // of tensors in files beside the model
	Threads  int      `json:"threads"`
	OneByOne bool     `json:"one_by_one"` // the batch axis is one row
	Inputs   []input  `json:"inputs"`
	Outputs  []output `json:"outputs"`
}

// input tells how one of the model's inputs is made of a row's features.
type input struct {
	Name       string     `json:"name"`
	Elem       int        `json:"elem"`
	First      int        `json:"first"` // of the features
	Count      int        `json:"count"`
	Shape      []int64    `json:"shape"`      // of a row
	Categories [][]string `json:"categories"` // of a text's features, which are their places
}

// output is one of the model's whose numbers are scores.
type output struct {
	Name  string `json:"name"`
	Width int    `json:"width"`
}

// value describes an input or an output as the library tells it.
type value struct {
	Name  string  `json:"name"`
	Elem  int     `json:"elem"` // 0: no tensor
	Shape []int64 `json:"shape"`
}

// about is what is said when the model is ready.
type about struct {
	Version string  `json:"version"` // of the library
	Inputs  []value `json:"inputs"`
	Outputs []value `json:"outputs"`
}

func main() {
	control := os.NewFile(4, "control")
	in := bufio.NewReader(control)
	line, err := in.ReadBytes('\n')
	if err != nil {
		os.Exit(1)
	}
	var told greeting
	say := func(what map[string]any) {
		text, _ := json.Marshal(what)
		_, _ = control.Write(append(text, '\n'))
	}
	runtime.LockOSThread()
	if err := json.Unmarshal(line, &told); err != nil {
		say(map[string]any{"failed": err.Error()})
		return
	}
	said, err := begin(told)
	if err != nil {
		say(map[string]any{"failed": err.Error()})
		return
	}
	say(map[string]any{"ready": said})
	_, _ = in.ReadBytes('\n') // until the server is gone
	os.Exit(0)
}

// begin loads the library and the model, and starts a thread for each lane.
func begin(told greeting) (about, error) {
	var said about
	o, err := open(told.Config.Library)
	if err != nil {
		return said, err
	}
	said.Version = o.version
	s, err := o.load(told.Config)
	if err != nil {
		return said, err
	}
	if said.Inputs, said.Outputs, err = s.describe(); err != nil {
		return said, err
	}
	if len(told.Config.Inputs) == 0 {
		return said, nil
	}
	memory, err := syscall.Mmap(3, 0, told.Lanes*told.LaneBytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return said, fmt.Errorf("shared memory: %w", err)
	}
	failed := make(chan error)
	for i := range told.Lanes {
		go func() {
			runtime.LockOSThread()
			l, err := newLane(s, told, memory[i*told.LaneBytes:][:told.LaneBytes])
			if failed <- err; err == nil {
				l.serve()
			}
		}()
		if err := <-failed; err != nil {
			return said, err
		}
	}
	return said, nil
}
