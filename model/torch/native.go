//go:build torch && linux && cgo

package torch

// #cgo LDFLAGS: -ltorch -ltorch_cpu -lc10 -ldl
// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"sync"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// version returns the version of the libtorch that is loaded, which may be
// another than the one that was compiled against.
func version() string {
	config := C.penstock_torch_config()
	defer C.free(unsafe.Pointer(config))
	return versionIn(C.GoString(config))
}

// prepareThread makes this OS thread fit for inference. Its caller is locked
// to it.
func prepareThread(threads int) {
	C.penstock_torch_threads(C.int(threads))
	libtch.AtGradSetEnabled(0)
}

// prepareProcess makes settings that libtorch and the BLAS have one of.
//
// The executor would, by default, watch a module's first runs and recompile it
// for the shapes seen. Batches come in every size, so that costs the first
// clients time and later ones nothing back. (libtch's own call for this reads
// beyond its argument.)
var prepareProcess = sync.OnceFunc(func() { C.penstock_torch_prepare() })

// forgetMemory returns what is kept for coming tensors to the kernel, when
// those that are gone were no batch's.
func forgetMemory() { C.penstock_torch_forget() }

// onlyReads tells whether a module is sure not to write to its argument.
func onlyReads(m *module) bool { return C.penstock_torch_only_reads(unsafe.Pointer(m.handle)) != 0 }

// lend makes a tensor of rows that stay the caller's, who pins them until
// takeBack.
func lend(rows []float32, shape []int64) (tensor, error) {
	handle := C.penstock_torch_lend((*C.float)(&rows[0]), (*C.int64_t)(&shape[0]), C.int(len(shape)))
	if handle == nil {
		return tensor{}, &Error{Doing: "making a tensor", Problem: "libtorch gave no reason"}
	}
	return tensor{libtch.Ctensor(handle)}, nil
}

// takeBack frees a lent tensor. It panics when the module kept it and there is
// no memory for a copy, since the module may then read what is not its own.
func takeBack(lent tensor) {
	if C.penstock_torch_take_back(unsafe.Pointer(lent.handle)) == 0 {
		panic("torch: no memory for the batch that the module keeps")
	}
}

// lastError takes the error that the last call into libtch left on this OS
// thread. It must be asked after every call that can fail, or the next one is
// blamed.
func lastError(doing string) error {
	text := unsafe.Pointer(libtch.GetAndResetLastErr())
	if text == nil {
		return nil
	}
	defer C.free(text)
	return &Error{Doing: doing, Problem: condense(C.GoString((*C.char)(text)))}
}
