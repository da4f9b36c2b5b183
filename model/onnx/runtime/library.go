//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/ebitengine/purego"
)

// The functions that are used, by their place in the library's table OrtApi, which
// only grows: onnxruntime_c_api.h.
const (
	getErrorMessage             = 2
	createEnv                   = 3
	createSession               = 7
	createSessionFromArray      = 8
	runSession                  = 9
	createSessionOptions        = 10
	setSessionLogSeverity       = 22
	setIntraOpNumThreads        = 24
	setInterOpNumThreads        = 25
	sessionGetInputCount        = 30
	sessionGetOutputCount       = 31
	sessionGetInputTypeInfo     = 33
	sessionGetOutputTypeInfo    = 34
	sessionGetInputName         = 36
	sessionGetOutputName        = 37
	createTensor                = 48
	createTensorWithData        = 49
	getTensorMutableData        = 51
	fillStringTensor            = 52
	castTypeInfoToTensorInfo    = 55
	getTensorElementType        = 60
	getDimensionsCount          = 61
	getDimensions               = 62
	getTensorShapeElementCount  = 64
	getTensorTypeAndShape       = 65
	createCPUMemoryInfo         = 69
	getDefaultAllocator         = 78
	releaseStatus               = 93
	releaseValue                = 96
	releaseTensorTypeAndShape   = 99
	addSessionConfigEntry       = 130
	functions                   = 131
	apiVersion                  = 17 // any library that is newer has it
	logErrors                   = 3
	arenaAllocator, defaultKind = 1, 0
)

// Types of elements, as ONNX numbers them.
const (
	elemFloat  = 1
	elemUint8  = 2
	elemInt8   = 3
	elemInt16  = 5
	elemInt32  = 6
	elemInt64  = 7
	elemString = 8
	elemBool   = 9
	elemDouble = 11
)

// library is ONNX Runtime.
type library struct {
	arena
	api     []uintptr
	version string
	out     []uintptr // where calls put their results
}

func open(path string) (*library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be loaded: %w", path, err)
	}
	base, err := purego.Dlsym(handle, "OrtGetApiBase")
	if err != nil {
		return nil, fmt.Errorf("%s is not ONNX Runtime: it has no OrtGetApiBase", path)
	}
	table, _, _ := purego.SyscallN(base)
	of := cells[uintptr](table, 2)
	version, _, _ := purego.SyscallN(of[1])
	api, _, _ := purego.SyscallN(of[0], apiVersion)
	o := &library{version: textAt(version)}
	if api == 0 {
		return nil, fmt.Errorf("%s is ONNX Runtime %s, which is too old; expected 1.17 or newer", path, o.version)
	}
	o.api = cells[uintptr](api, functions)
	o.out = o.words(4)
	return o, nil
}

// call calls a function that returns a status.
func (o *library) call(function int, arguments ...uintptr) error {
	status, _, _ := purego.SyscallN(o.api[function], arguments...)
	if status == 0 {
		return nil
	}
	message, _, _ := purego.SyscallN(o.api[getErrorMessage], status)
	err := errors.New(strings.TrimSpace(textAt(message)))
	o.release(releaseStatus, status)
	return err
}

func (o *library) release(function int, what uintptr) { _, _, _ = purego.SyscallN(o.api[function], what) }

// make calls a function whose last argument is where it puts what it made.
func (o *library) make(function int, arguments ...uintptr) (uintptr, error) {
	o.out[0] = 0
	err := o.call(function, append(arguments, at(o.out))...)
	return o.out[0], err
}

// session is a loaded model.
type session struct {
	*library
	handle, memory, allocator uintptr
}

// load reads the model from descriptor 5.
func (o *library) load(c settings) (*session, error) {
	env, err := o.make(createEnv, logErrors, o.text("penstock"))
	if err != nil {
		return nil, err
	}
	options, err := o.make(createSessionOptions)
	if err != nil {
		return nil, err
	}
	for _, set := range [][2]uintptr{{setSessionLogSeverity, logErrors}, {setIntraOpNumThreads, uintptr(max(c.Threads, 1))}, {setInterOpNumThreads, 1}} {
		if err := o.call(int(set[0]), options, set[1]); err != nil {
			return nil, err
		}
	}
	if c.Folder != "" {
		if err := o.call(addSessionConfigEntry, options, o.text("session.model_external_initializers_file_folder_path"), o.text(c.Folder)); err != nil {
			return nil, err
		}
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(5, &stat); err != nil {
		return nil, fmt.Errorf("the model: %w", err)
	}
	model, err := syscall.Mmap(5, 0, int(stat.Size), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("the model: %w", err)
	}
	s := &session{library: o}
	if s.handle, err = o.make(createSessionFromArray, env, address(model), uintptr(len(model)), options); err != nil {
		return nil, err
	}
	_ = syscall.Munmap(model)
	_ = syscall.Close(5)
	if s.memory, err = o.make(createCPUMemoryInfo, arenaAllocator, defaultKind); err != nil {
		return nil, err
	}
	s.allocator, err = o.make(getDefaultAllocator)
	return s, err
}

// describe tells of the inputs and the outputs.
func (s *session) describe() (inputs, outputs []value, err error) {
	if inputs, err = s.values(sessionGetInputCount, sessionGetInputName, sessionGetInputTypeInfo); err == nil {
		outputs, err = s.values(sessionGetOutputCount, sessionGetOutputName, sessionGetOutputTypeInfo)
	}
	return inputs, outputs, err
}

func (s *session) values(count, name, info int) (all []value, err error) {
	n, err := s.make(count, s.handle)
	if err != nil {
		return nil, err
	}
	for i := range n {
		text, err := s.make(name, s.handle, i, s.allocator)
		if err != nil {
			return nil, err
		}
		v := value{Name: textAt(text)}
		kind, err := s.make(info, s.handle, i)
		if err != nil {
			return nil, err
		}
		tensor, err := s.make(castTypeInfoToTensorInfo, kind)
		if err != nil {
			return nil, err
		}
		if tensor != 0 { // else it is a sequence, or a map
			if v.Elem, v.Shape, err = s.shapeOf(tensor); err != nil {
				return nil, err
			}
		}
		all = append(all, v)
	}
	return all, nil
}

// shapeOf reads a type and its dimensions; -1 is one that is open.
func (s *session) shapeOf(tensor uintptr) (elem int, shape []int64, err error) {
	kind, err := s.make(getTensorElementType, tensor)
	if err != nil {
		return 0, nil, err
	}
	n, err := s.make(getDimensionsCount, tensor)
	if err != nil {
		return 0, nil, err
	}
	into := s.words(int(n))
	if err := s.call(getDimensions, tensor, at(into), n); err != nil {
		return 0, nil, err
	}
	for _, d := range into[:n] {
		shape = append(shape, int64(d))
	}
	return int(uint32(kind)), shape, nil
}
