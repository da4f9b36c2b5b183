//go:build torch && linux && cgo

package torch

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/sugarme/gotch/libtch"

	"penstock/model"
)

// Built reports whether this build has libtorch.
const Built = true

// Model is a TorchScript module. It implements model.Model.
type Model struct {
	spec    model.Spec
	opt     Options
	device  int
	program program

	known atomic.Int64 // rows: every size of a batch up to this one was run, by some module

	mu sync.Mutex
	// rested modules wait for a session, opt.Ready of them at most. Loading and
	// the first runs take far longer than a prediction, so this is done before
	// the first client comes, and a session that ends leaves its module here.
	rested []*module
}

// Load makes a model of a TorchScript file, whose bytes it does not keep. The
// module has run on batches of every size class up to opt.MaxRows, in as many
// copies as opt.Ready, when it returns; so a module that cannot answer at all,
// or in another shape than the spec's, is refused here. Errors are *Error,
// *OptionError, *VersionError or *model.SpecError.
func Load(file []byte, spec model.Spec, opt Options) (*Model, error) {
	spec.Engine = "torchscript"
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	opt = opt.withDefaults(spec.Features)
	if err := opt.validate(spec); err != nil {
		return nil, err
	}
	if err := checkVersion(version()); err != nil {
		return nil, err
	}
	m := &Model{spec: spec, opt: opt}
	var err error
	if m.device, err = m.findDevice(); err != nil {
		return nil, err
	}
	prepareProcess()
	if m.program, err = newProgram(file); err != nil {
		return nil, err
	}
	if err := m.getReady(); err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Model) findDevice() (int, error) {
	device, err := parseDevice(m.opt.Device)
	if err != nil || device == cpu {
		return device, err
	}
	if !libtch.AtcCudaIsAvailable() {
		return 0, &OptionError{Field: "device", Problem: fmt.Sprintf("is %q, but this libtorch finds no CUDA; use \"cpu\", or build with LIBTORCH naming one with CUDA, on a machine with a card and its driver", m.opt.Device)}
	}
	if n := int(libtch.AtcCudaDeviceCount()); device >= n {
		return 0, &OptionError{Field: "device", Problem: fmt.Sprintf("is %q; this machine has %d, counted from 0", m.opt.Device, n)}
	}
	return device, nil
}

// getReady opens and closes as many sessions as there will be workers, which
// leaves their modules warm and rested.
func (m *Model) getReady() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range m.opt.Ready {
		s, err := m.open(m.opt.MaxRows)
		if s != nil {
			defer s.Close() // all of them are open at once, or they would share one module
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Spec implements model.Model.
func (m *Model) Spec() model.Spec { return m.spec }

// Pinned is true: see the package's comment.
func (m *Model) Pinned() bool { return true }

// NewSession makes a session for batches of up to maxRows rows.
func (m *Model) NewSession(maxRows int) (model.Session, error) {
	if maxRows < 1 {
		return nil, fmt.Errorf("model %s: a session for %d rows; expected at least 1", m.spec.Name, maxRows)
	}
	s, err := m.open(maxRows)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// take returns a rested module, or loads another.
func (m *Model) take() (*module, error) {
	m.mu.Lock()
	if last := len(m.rested) - 1; last >= 0 {
		taken := m.rested[last]
		m.rested = m.rested[:last]
		m.mu.Unlock()
		return taken, nil
	}
	m.mu.Unlock()
	return loadModule(m.program.path(), m.device)
}

// giveBack keeps a module for the next session, if it will be wanted.
func (m *Model) giveBack(used *module) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.rested) < m.opt.Ready {
		m.rested = append(m.rested, used)
		return
	}
	used.free()
}

// Close frees the modules. Every session is closed before.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rested := range m.rested {
		rested.free()
	}
	m.rested, m.opt.Ready = nil, 0
	forgetMemory()
	return m.program.file.Close()
}
