package main

import (
	"errors"
	"fmt"

	"github.com/ebitengine/purego"
)

// apiVersion is that of the table of functions that is asked for. The table only
// grows, so any later library has it too.
const apiVersion = 17

// Places in the table (struct OrtApi of onnxruntime_c_api.h).
const (
	getErrorMessage                = 2
	createEnv                      = 3
	createSessionFromArray         = 8
	run                            = 9
	createSessionOptions           = 10
	disableMemPattern              = 17
	setIntraOpNumThreads           = 24
	setInterOpNumThreads           = 25
	sessionGetInputCount           = 30
	sessionGetOutputCount          = 31
	sessionGetInputTypeInfo        = 33
	sessionGetOutputTypeInfo       = 34
	sessionGetInputName            = 36
	sessionGetOutputName           = 37
	createTensorAsOrtValue         = 48
	createTensorWithDataAsOrtValue = 49
	fillStringTensor               = 52
	castTypeInfoToTensorInfo       = 55
	getTensorElementType           = 60
	getDimensionsCount             = 61
	getDimensions                  = 62
	getTensorTypeAndShape          = 65
	createCPUMemoryInfo            = 69
	getAllocatorWithDefaultOptions = 78
	releaseStatus                  = 93
	releaseValue                   = 96
	addSessionConfigEntry          = 130
	functions                      = 131
)

// library is ONNX Runtime, opened.
type library struct {
	memory
	table   []uintptr
	version string
	slot    uintptr // for what functions return through a pointer
}

func openLibrary(path string) (*library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	base, err := purego.Dlsym(handle, "OrtGetApiBase")
	if err != nil {
		return nil, fmt.Errorf("%s is not ONNX Runtime's library: %w", path, err)
	}
	l := &library{}
	if l.slot, err = l.take(64); err != nil {
		return nil, err
	}
	entry, _, _ := purego.SyscallN(base)
	version, _, _ := purego.SyscallN(word(entry + 8))
	l.version = textAt(version)
	table, _, _ := purego.SyscallN(word(entry), apiVersion)
	if table == 0 {
		return nil, fmt.Errorf("%s is ONNX Runtime %s; expected 1.17 or later", path, l.version)
	}
	l.table = sliceAt[uintptr](table, functions)
	return l, nil
}

// call calls a function that returns a status, and frees that.
func (l *library) call(function int, args ...uintptr) error {
	status, _, _ := purego.SyscallN(l.table[function], args...)
	if status == 0 {
		return nil
	}
	text, _, _ := purego.SyscallN(l.table[getErrorMessage], status)
	err := errors.New(textAt(text))
	purego.SyscallN(l.table[releaseStatus], status)
	return err
}

// get calls a function whose last argument says where its result goes.
func (l *library) get(function int, args ...uintptr) (uintptr, error) {
	return l.getInto(l.slot, function, args...)
}

// getInto is get for those who do not share a place for results.
func (l *library) getInto(slot uintptr, function int, args ...uintptr) (uintptr, error) {
	into := sliceAt[uintptr](slot, 1)
	into[0] = 0
	err := l.call(function, append(args, slot)...)
	return into[0], err
}

// tensor is a tensor that a model takes or returns.
type tensor struct {
	Name string  `json:"name"`
	Type int     `json:"type"` // as ONNX counts them; 0 is no tensor
	Dims []int64 `json:"dims"` // below 0: any
	name uintptr
}

// shape reads the type and the dimensions of what a function tells of a tensor.
func (l *library) shape(info uintptr) (kind int, dims []int64, err error) {
	element, err := l.get(getTensorElementType, info)
	if err != nil {
		return 0, nil, err
	}
	rank, err := l.get(getDimensionsCount, info)
	if err != nil {
		return 0, nil, err
	}
	if rank > 64 {
		return 0, nil, fmt.Errorf("a tensor of %d dimensions; expected at most 64", rank)
	}
	at, err := l.take(8 * int(rank+1))
	if err != nil {
		return 0, nil, err
	}
	err = l.call(getDimensions, info, at, rank)
	return int(uint32(element)), append([]int64(nil), sliceAt[int64](at, int(rank))...), err
}

// tensors lists what a session takes or returns.
func (l *library) tensors(session uintptr, count, name, info int) (all []tensor, err error) {
	allocator, err := l.get(getAllocatorWithDefaultOptions)
	if err != nil {
		return nil, err
	}
	n, err := l.get(count, session)
	for i := uintptr(0); i < n && err == nil; i++ {
		var t tensor
		if t.name, err = l.get(name, session, i, allocator); err != nil {
			break
		}
		t.Name = textAt(t.name)
		var kind, cast uintptr
		if kind, err = l.get(info, session, i); err != nil {
			break
		}
		if cast, err = l.get(castTypeInfoToTensorInfo, kind); err == nil && cast != 0 {
			t.Type, t.Dims, err = l.shape(cast)
		}
		all = append(all, t)
	}
	return all, err
}
