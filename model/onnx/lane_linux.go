//go:build amd64 || arm64

package onnx

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"penstock/model"
)

// lane is a place for one batch at a time, in memory that the process shares.
type lane struct {
	sync.Mutex

	asked, theySleep    *uint32
	answered, weSleep   *uint32
	rows, status, texts *uint32
	text                []byte
	features, scores    []float32
}

const inputsAt = 4096

// laneBytes is the size of a lane, in whole pages.
func laneBytes(maxRows, features, width int) int {
	return (scoresAt(maxRows, features) + 4*maxRows*width + 4095) &^ 4095
}

func scoresAt(maxRows, features int) int { return (inputsAt + 4*maxRows*features + 63) &^ 63 }

func newLane(at []byte, t task) *lane {
	word := func(i int) *uint32 { return (*uint32)(unsafe.Pointer(&at[i])) }
	floats := func(i, n int) []float32 { return unsafe.Slice((*float32)(unsafe.Pointer(&at[i])), n) }
	return &lane{
		asked: word(0), theySleep: word(8), answered: word(64), weSleep: word(72),
		rows: word(128), status: word(192), texts: word(196), text: at[256:inputsAt],
		features: floats(inputsAt, t.MaxRows*t.Features), scores: floats(scoresAt(t.MaxRows, t.Features), t.MaxRows*t.Width),
	}
}

// spins is how often the answer is looked for before the worker sleeps.
const spins = 200

// ask has the process answer the rows that lie in the lane.
func (l *lane) ask(p *process, rows int) error {
	atomic.StoreUint32(l.rows, uint32(rows))
	now := atomic.AddUint32(l.asked, 1)
	if atomic.LoadUint32(l.theySleep) != 0 {
		wake(l.asked)
	}
	for i := 0; atomic.LoadUint32(l.answered) != now; i++ {
		if i < spins {
			continue
		}
		if p.dead.Load() {
			return fmt.Errorf("ONNX Runtime's process ended during the batch: %w", model.ErrUnavailable)
		}
		atomic.StoreUint32(l.weSleep, 1)
		if seen := atomic.LoadUint32(l.answered); seen != now && !p.dead.Load() {
			sleep(l.answered, seen)
		}
		atomic.StoreUint32(l.weSleep, 0)
	}
	if atomic.LoadUint32(l.status) != 0 {
		n := min(int(atomic.LoadUint32(l.texts)), len(l.text))
		return &LoadError{Problem: string(l.text[:n])}
	}
	return nil
}

func wake(word *uint32) {
	const futexWake = 1
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, 1, 0, 0, 0)
}

// sleep waits until another value is there, or for a tenth of a second: the end of
// the process may come between a look and the sleep.
func sleep(word *uint32, seen uint32) {
	const futexWait = 0
	limit := unix.NsecToTimespec(100e6)
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(seen), uintptr(unsafe.Pointer(&limit)), 0, 0)
}
