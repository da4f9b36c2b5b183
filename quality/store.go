// Package quality joins predictions with the true labels that clients send
// later, and counts what comes of it: accuracy, calibration, confusion, the
// errors of a regression, the delay of labels.
//
// Its contract: each prediction counts at most once, for the scope that asked
// for it, so that accuracy depends on the set of valid labels alone and not on
// their order or on repeats. The store is bounded and its callers share it: at
// the bound, who holds the most forgets its own oldest predictions, which are
// counted.
//
// It does not decide which label is true, keeps nothing on disk, and knows no
// sockets, users or JSON beyond the bytes of a request_id. What labels are is
// known to a Judge, one kind for each kind of output.
package quality

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/lockorder"
)

// DefaultRemember is how many prediction rows a Store remembers when
// Options.Remember is zero.
const DefaultRemember = 262_144

// DefaultAlpha is the share of sets that may miss the truth when Options.Alpha is
// zero.
const DefaultAlpha = 0.1

const maxRemember = 1 << 30

// Options configure a Store.
type Options struct {
	// Remember bounds what is kept of the predictions that await labels; zero means
	// DefaultRemember. It counts rows; one of several values counts as as many, and
	// a request of an output without labels as one. At the bound, the caller that
	// holds the most loses the oldest request of that of its scopes that holds the
	// most; a label for it is answered with ErrUnknownRequest.
	//
	// Memory grows with use and is kept from then on. A request of one row takes
	// 80 bytes where the bound is a power of two (20 MiB at the default), at most
	// 96 elsewhere; every seven further values take 60, and the probabilities of every
	// row of a model of classes 64. Every scope that has rows
	// takes up to 110 bytes more, and so does every caller that has: 75 MiB at the
	// default if each row came from a session and an address of its own.
	Remember int
	// Key is what user, session and request id are hashed under. Whoever knows it
	// can make ids that collide. Stores of the same key have the same scopes. Zero
	// means one drawn at random.
	Key [16]byte
	// Record has Take tell what happens. Without, it is told nothing.
	Record bool
	// Alpha is the share of sets, above 0 and below 1, that may miss the truth where a
	// request does not say; zero means DefaultAlpha.
	Alpha float64
	// Frozen has every model's confidences left as they are, until somebody says that
	// they are to follow the labels.
	Frozen bool
	// Rows is how many bytes of the newest rows are kept, for those that turn out to be
	// answered wrongly; zero keeps none.
	Rows int
	// Slices are the columns by whose value outcomes are told apart, by the model's
	// name.
	Slices map[string]Slice
	// Registerer receives the store's metrics. Nil means none.
	Registerer prometheus.Registerer
}

func (o *Options) validate() error {
	if o.Remember == 0 {
		o.Remember = DefaultRemember
	}
	if o.Remember < 1 || o.Remember > maxRemember {
		return fmt.Errorf("quality: Remember is %d; expected 1 to %d rows", o.Remember, maxRemember)
	}
	if o.Alpha == 0 {
		o.Alpha = DefaultAlpha
	}
	if !(o.Alpha > 0 && o.Alpha < 1) {
		return fmt.Errorf("quality: Alpha is %v; expected a share above 0 and below 1", o.Alpha)
	}
	if o.Key == ([16]byte{}) {
		_, _ = rand.Read(o.Key[:]) // never fails
	}
	return nil
}

// Store remembers predictions until their labels come. It is safe for
// concurrent use.
//
// One mutex guards all of it. Remember takes about 0.2 µs, so that 400,000 a
// second occupy it for some 8 % of the time, and 0.5 µs where 10,000 scopes hold
// equally much; two and eight shards were measured to be no faster on two
// processors, and would not know who holds the most.
type Store struct {
	epoch     time.Time // times are kept as monotonic nanoseconds since
	epochUnix int64
	seed      maphash.Seed
	key       [2]uint64
	alpha     float64
	cuts      map[string]Slice

	recording, frozen bool
	happened          uint64
	loaded            int64 // when the state that was loaded was taken; 0: there was none

	mu       lockorder.Mutex[lockorder.Store]
	memory   memory
	listed   []*Series // in the order in which they were added
	totals   map[string]*total
	forgot   uint64 // rows, of any series there ever was
	feedback feedbackCounts
	callers  labellers
	scopes   labellers
	record   record
	rows     *rowsKept // nil: none are kept
	truths   []float64 // scratch
}

// New returns an empty store, without models. It starts nothing and needs no
// closing.
func New(o Options) (*Store, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Store{
		epoch:  time.Now(),
		seed:   maphash.MakeSeed(),
		key:    [2]uint64{binary.LittleEndian.Uint64(o.Key[:8]), binary.LittleEndian.Uint64(o.Key[8:])},
		memory: newMemory(o.Remember),
		totals: make(map[string]*total),
		alpha:  o.Alpha, cuts: o.Slices, recording: o.Record, frozen: o.Frozen,
	}
	s.epochUnix = s.epoch.UnixNano()
	if o.Rows > 0 {
		s.rows = newRowsKept(o.Rows, o.Remember)
	}
	s.memory.forgotten = s.forgotten
	if o.Registerer != nil {
		if err := o.Registerer.Register(newCollector(s)); err != nil {
			return nil, fmt.Errorf("quality: Registerer: %w", err)
		}
	}
	return s, nil
}

// Epoch is when the store was made, by the wall clock and by the monotonic one.
// Of what it keeps it notes how long after that it was, by the monotonic clock: a
// clock that is set moves nothing, and the wall time of a prediction is the
// epoch's plus that.
func (s *Store) Epoch() time.Time { return s.epoch }

// Remembered is how many rows, or values of rows of several, wait in memory for labels
// or tell that they had some.
func (s *Store) Remembered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory.used
}

// Happened is a number that changes with every prediction, and with what people change:
// a calibration that is frozen, a baseline that is accepted.
func (s *Store) Happened() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.happened
}
