//go:build amd64 || arm64

package onnx

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"penstock/model/child"
)

// ready is what the process says once the model is loaded.
type ready struct {
	Version string   `json:"version"`
	Single  bool     `json:"single"` // it runs row by row
	Inputs  []string `json:"inputs"`
	Outputs []string `json:"outputs"`
}

// settings are what the process is told of the model.
type settings struct {
	Library    string     `json:"library"`
	Folder     string     `json:"folder"`
	Threads    int        `json:"threads"`
	Shape      []int      `json:"shape,omitempty"`
	Categories [][]string `json:"categories,omitempty"`
	Missing    []bool     `json:"missing,omitempty"`
	Single     bool       `json:"single"`
}

// files are what a model's processes are started from.
type files struct {
	model, program *os.File
	folder         string // of the program, where what has no name may not be run, and of external data
	path           string // of the program
}

var unpacked = sync.OnceValues(func() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(program))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
})

// inMemory makes a file that has no name, above the descriptors that a process is
// given, so that none of them takes its place.
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

// newFiles keeps a model, and the files that it has outside of its own.
func newFiles(model []byte, external map[string][]byte) (f *files, err error) {
	f = &files{}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	code, err := unpacked()
	if err != nil {
		return f, fmt.Errorf("the embedded program: %w", err)
	}
	if f.model, err = inMemory("penstock-model", model); err != nil {
		return f, err
	}
	if f.program, err = inMemory("penstock-onnx", code); err != nil {
		return f, err
	}
	if err = f.program.Chmod(0o700); err != nil {
		return f, err
	}
	f.path = fmt.Sprintf("/proc/self/fd/%d", f.program.Fd())
	for name, data := range external {
		if !filepath.IsLocal(name) {
			return f, &LoadError{Problem: fmt.Sprintf("external data %q lies outside of the model's folder", name)}
		}
		if err = f.write(name, data, 0o600); err != nil {
			return f, err
		}
	}
	return f, nil
}

// write puts a file into the folder, which only this user reads.
func (f *files) write(name string, data []byte, mode os.FileMode) (err error) {
	if f.folder == "" {
		if f.folder, err = os.MkdirTemp("", "penstock-onnx-"); err != nil {
			return err
		}
	}
	path := filepath.Join(f.folder, name)
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, mode)
}

func (f *files) close() {
	for _, file := range []*os.File{f.model, f.program} {
		if file != nil {
			file.Close()
		}
	}
	if f.folder != "" {
		os.RemoveAll(f.folder)
	}
}

// command is a child.Config's Command.
func (f *files) command() (*exec.Cmd, []*os.File, error) {
	fd, err := unix.FcntlInt(f.model.Fd(), unix.F_DUPFD_CLOEXEC, 64)
	if err != nil {
		return nil, nil, err
	}
	return &exec.Cmd{Path: f.path, Args: []string{"penstock-onnx"}}, []*os.File{os.NewFile(uintptr(fd), "penstock-model")}, nil
}

// start starts the process.
func start(c child.Config, f *files) (*child.Process, ready, error) {
	c.Command = f.command
	p, said, err := child.Start(c)
	if errors.Is(err, os.ErrPermission) {
		// Some machines forbid to run what has no name.
		code, _ := unpacked()
		const name = ".penstock-onnx"
		if err = f.write(name, code, 0o700); err != nil {
			return nil, ready{}, err
		}
		f.path = filepath.Join(f.folder, name)
		p, said, err = child.Start(c)
	}
	if failed, ok := errors.AsType[*child.FailedError](err); ok {
		return nil, ready{}, &LoadError{failed.Text, err}
	}
	if err != nil {
		return nil, ready{}, &LoadError{err.Error(), err}
	}
	var r ready
	if err = json.Unmarshal(said, &r); err != nil {
		p.Close()
		return nil, r, fmt.Errorf("ONNX Runtime's process said %q: %w", said, err)
	}
	return p, r, nil
}
