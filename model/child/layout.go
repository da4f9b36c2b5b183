package child

import (
	"sync/atomic"
	"unsafe"
)

// The shared memory has Lanes parts of laneBytes each:
//
//	   0  u32  asked: the parent adds one for each batch, once its rows are there
//	   8  u32  1 while the child sleeps on asked
//	  64  u32  answered: the child makes it asked's value, once the scores are there
//	  72  u32  1 while the parent sleeps on answered
//	 128  u32  rows of the batch
//	 192  u32  status: 0, or 1 when the batch failed and no score counts
//	 196  u32  bytes of text
//	 256  the text, up to 4096: why it failed
//	4096  rows: float32, row-major
//	 ...  scores: float32, row-major, from the next multiple of 64 on
//
// A process that begins has answered whatever answered says: by the time that it
// looks, asked may be ahead.
//
// Words are little-endian, as are all processors that this runs on. Who sleeps sets
// its flag before it calls FUTEX_WAIT with the value that it saw, and who changes the
// word looks at the flag afterwards, so that nobody is woken in vain.
const (
	askedAt         = 0
	childSleepsAt   = 8
	answeredAt      = 64
	parentSleepsAt  = 72
	rowsAt          = 128
	statusAt        = 192
	textBytesAt     = 196
	textAt          = 256
	inputAt         = 4096
	page            = 4096
	cacheLine       = 64
	bytesPerFloat32 = 4
)

func outputAt(maxRows, features int) int {
	return (inputAt + maxRows*features*bytesPerFloat32 + cacheLine - 1) / cacheLine * cacheLine
}

func laneBytes(maxRows, features, width int) int {
	end := outputAt(maxRows, features) + maxRows*width*bytesPerFloat32
	return (end + page - 1) / page * page
}

// words are one lane of the shared memory.
type words struct {
	asked, childSleeps, answered, parentSleeps, rows, status, textBytes *atomic.Uint32

	text          []byte
	input, output []float32
}

func wordsOf(memory []byte, maxRows, features, width int) words {
	word := func(at int) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&memory[at])) }
	floats := func(at, n int) []float32 { return unsafe.Slice((*float32)(unsafe.Pointer(&memory[at])), n) }
	return words{
		asked: word(askedAt), childSleeps: word(childSleepsAt), answered: word(answeredAt), parentSleeps: word(parentSleepsAt),
		rows: word(rowsAt), status: word(statusAt), textBytes: word(textBytesAt), text: memory[textAt:inputAt],
		input: floats(inputAt, maxRows*features), output: floats(outputAt(maxRows, features), maxRows*width),
	}
}
