//go:build lockcheck

package lockorder

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// checker is what is locked now, in the whole process. It is package state because a
// goroutine may hold locks of any owners; it exists only in the build that checks.
// Nothing in it is allocated per lock, so that tests of allocations hold here too.
var checker struct {
	sync.Mutex
	held  []hold   // few: those of goroutines that are inside some lock at this moment
	stack [64]byte // scratch, for the first line of a goroutine's stack
}

// hold is one lock in somebody's hands.
type hold struct {
	goroutine uint64
	mutex     *sync.Mutex
	rank      Rank
	frames    [8]uintptr // of whoever took it, the innermost first
}

// check says what is wrong with taking a lock of that rank now; nothing if it may be
// taken.
func check(taken Rank) (wrong string) {
	checker.Lock()
	defer checker.Unlock()
	me := goroutine()
	for i := range checker.held {
		h := &checker.held[i]
		if h.goroutine == me && h.rank.depth() >= taken.depth() {
			return fmt.Sprintf("lockorder: %s is taken by a goroutine that holds %s, taken at %s; %s must be taken first, or be given back before",
				name(taken), name(h.rank), h.where(), name(taken))
		}
	}
	return ""
}

// enter notes a lock that was taken: by the caller of its caller.
func enter(rank Rank, mutex *sync.Mutex) {
	checker.Lock()
	defer checker.Unlock()
	checker.held = append(checker.held, hold{goroutine: goroutine(), mutex: mutex, rank: rank})
	runtime.Callers(3, checker.held[len(checker.held)-1].frames[:])
}

// leave forgets a lock that is being given back.
func leave(mutex *sync.Mutex) {
	checker.Lock()
	defer checker.Unlock()
	i := slices.IndexFunc(checker.held, func(h hold) bool { return h.mutex == mutex })
	if i < 0 {
		return // unlocking it will say that it was not locked
	}
	last := len(checker.held) - 1
	checker.held[i] = checker.held[last]
	checker.held[last] = hold{}
	checker.held = checker.held[:last]
}

// goroutine returns the number of the calling one. The runtime tells it in the first
// line of a stack only: "goroutine 18 [running]:". The caller holds checker.
func goroutine() uint64 {
	line := checker.stack[:runtime.Stack(checker.stack[:], false)]
	digits, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte("goroutine ")), []byte(" "))
	id, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("lockorder: no goroutine's number in %q; the runtime writes stacks in another way than this checker reads", line))
	}
	return id
}

// where says who took the lock: the innermost frame outside package sync, through
// whose Cond a lock may come back.
func (h *hold) where() string {
	frames := runtime.CallersFrames(h.frames[:])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "sync.") || !more {
			return fmt.Sprintf("%s:%d (%s)", frame.File, frame.Line, frame.Function)
		}
	}
}

func name(r Rank) string { return strings.TrimPrefix(fmt.Sprintf("%T", r), "lockorder.") }
