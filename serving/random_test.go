package serving_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"penstock/access"
	"penstock/inference"
	"penstock/model/modeltest"
	"penstock/serving"
)

// TestEveryCallEndsOnce: whatever comes and goes, and in whatever order, each call that
// was accepted is answered, or taken back, or lost with its line: one of these, once,
// and by the version that it came to.
func TestEveryCallEndsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMarket(t)
		defer m.end()
		actions := map[string]func(*rapid.T){
			"add": m.add, "remove": m.remove, "abandon": m.abandon, "open": m.openStall, "close": m.closeStall,
			"cancel": m.cancel, "hold": m.hold, "release": m.release, "leave": m.leave, "again": m.add,
		}
		for i := range 5 {
			actions["submit "+strconv.Itoa(i)] = m.submit
		}
		t.Repeat(actions)
		m.settle()
		m.check(t)
	})
}

// market is a house under whatever happens to it.
type market struct {
	*house
	version int
	known   []*merchant // all that there ever were
	stalls  []*stall    // open and closed
	calls   []*deal
	nonce   uint32

	gate atomic.Pointer[chan struct{}] // odd rows wait until it is closed
}

// merchant is a deployment with its oracle.
type merchant struct {
	*serving.Deployment
	oracle *modeltest.Oracle
	seen   sync.Map // nonces of the rows that it was given
}

// stall is a line with its front.
type stall struct {
	*desk
	market *market
	closed bool
	gone   atomic.Bool // nobody is there to take answers
}

// deal is a call, and what became of it.
type deal struct {
	*serving.Call
	nonce     uint32
	by        *merchant
	at        *stall
	accepted  bool
	cancelled bool
	answers   atomic.Int32
	outcome   inference.Outcome
	unsent    bool // Answer said so, or panicked
	lost      bool
}

func newMarket(t *rapid.T) *market {
	m := &market{house: newHouse(t)}
	open := make(chan struct{})
	close(open)
	m.gate.Store(&open)
	m.add(t)
	m.openStall(t)
	return m
}

func (m *market) add(t *rapid.T) {
	if len(m.Catalog.Now().Deployments) == 4 {
		return
	}
	m.version++
	one := &merchant{oracle: &modeltest.Oracle{Features: 1}}
	one.oracle.OnRow = func(nonce uint32) (fate modeltest.Fate) {
		one.seen.Store(nonce, true)
		switch {
		case nonce%2 == 1:
			fate.Wait = *m.gate.Load()
		case nonce%8 == 6:
			fate.NaN = true
		}
		return fate
	}
	d, err := m.house.add(versioned{one.oracle, strconv.Itoa(m.version)}, inference.Options{Workers: 2, MaxBatch: 3, Window: 16, QueueRows: 16})
	if err != nil {
		t.Fatal(err)
	}
	one.Deployment = d
	m.known = append(m.known, one)
}

func (m *market) remove(t *rapid.T) {
	list := m.Catalog.Now().Deployments
	if len(list) == 0 {
		return
	}
	m.Catalog.Remove(rapid.SampledFrom(list).Draw(t, "deployment"))
}

// abandon ends the pool of a deployment that was removed.
func (m *market) abandon(t *rapid.T) {
	one := rapid.SampledFrom(m.known).Draw(t, "deployment")
	if !slices.Contains(m.Catalog.Now().Deployments, one.Deployment) {
		one.Pool.Abandon()
	}
}

func (m *market) openStall(t *rapid.T) {
	s := &stall{market: m}
	caller := serving.Caller{User: access.Anonymous, Share: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "share"), Name: strconv.Itoa(len(m.stalls))}
	s.desk = m.open(caller)
	s.line = m.Open(s.line.Caller(), s)
	m.stalls = append(m.stalls, s)
}

func (m *market) stall(t *rapid.T) *stall { return rapid.SampledFrom(m.stalls).Draw(t, "line") }

func (m *market) closeStall(t *rapid.T) {
	s := m.stall(t)
	s.line.Close()
	s.closed = true
}

// leave has a line's answers find nobody.
func (m *market) leave(t *rapid.T) { m.stall(t).gone.Store(true) }

func (m *market) hold(*rapid.T) {
	m.release(nil)
	held := make(chan struct{})
	m.gate.Store(&held)
}

func (m *market) release(*rapid.T) {
	gate := *m.gate.Load()
	select {
	case <-gate:
	default:
		close(gate)
	}
}

// submit asks some version, one that was removed perhaps: it was held since before.
func (m *market) submit(t *rapid.T) {
	s := m.stall(t)
	if s.closed {
		return
	}
	inFlight := 0
	for _, c := range m.calls {
		if c.at == s && c.accepted && c.answers.Load() == 0 && !c.cancelled {
			inFlight++
		}
	}
	if inFlight >= 15 {
		return // a full window would wait, and the gate with it
	}
	m.nonce++
	c := &deal{nonce: m.nonce, by: rapid.SampledFrom(m.known).Draw(t, "deployment"), at: s}
	c.Call = ask(c.by.Deployment, c.by.oracle, c.nonce, strconv.Itoa(int(c.nonce)))
	c.Own = c
	m.calls = append(m.calls, c)
	if rapid.Bool().Draw(t, "lead") && c.nonce%2 == 0 && m.isOpen() {
		_, err := s.line.Lead(c.Call) // runs batches itself: nothing may hold it
		c.accepted = s.counted(c.Call, err) == nil
		return
	}
	c.accepted = s.submit(c.Call) == nil
}

func (m *market) isOpen() bool {
	select {
	case <-*m.gate.Load():
		return true
	default:
		return false
	}
}

func (m *market) cancel(t *rapid.T) {
	var some []*deal
	for _, c := range m.calls {
		if c.accepted && !c.cancelled && !c.at.closed {
			some = append(some, c)
		}
	}
	if len(some) == 0 {
		return
	}
	c := rapid.SampledFrom(some).Draw(t, "call")
	if c.cancelled = c.at.line.Cancel(c.Call); c.cancelled {
		m.Ledger.Answered(serving.Failed) // as a front does that answers it
	}
}

// settle lets all that is on its way come to its end.
func (m *market) settle() {
	m.release(nil)
	for _, one := range m.known {
		_ = one.Pool.Drain(context.Background())
	}
	for _, s := range m.stalls {
		s.line.Close()
	}
}

func (m *market) end() {
	m.settle()
	m.close()
}

// check is what must be true of what settled.
func (m *market) check(t *rapid.T) {
	var want serving.Traffic
	predicted := make(map[*merchant]uint64)
	want.Received = uint64(len(m.calls))
	for _, c := range m.calls {
		answers := int(c.answers.Load())
		if answers > 1 || answers == 1 && (c.cancelled || !c.accepted) {
			t.Errorf("call %d was answered %d times; accepted %v, cancelled %v", c.nonce, answers, c.accepted, c.cancelled)
		}
		if panicked := answers > 0 && c.nonce%16 == 12; c.lost != panicked {
			t.Errorf("call %d, whose answer panics: %v, was lost: %v", c.nonce, panicked, c.lost)
		}
		switch {
		case !c.accepted:
			continue // the front counted it
		case c.cancelled:
			want.Failed++
		case answers == 0 || c.unsent:
			want.Undeliverable++
		case c.outcome == inference.Predicted:
			want.Predicted++
		default:
			want.Failed++
		}
		if answers == 0 && !c.cancelled && !c.at.closed {
			t.Errorf("call %d was accepted on a line that is open, and never answered", c.nonce)
		}
		if answers == 1 && c.outcome == inference.Predicted {
			predicted[c.by]++
			if got := c.Result.Scores[0]; got != c.by.oracle.Want(c.nonce)[0] {
				t.Errorf("call %d was answered with %v, which is another's", c.nonce, got)
			}
			if _, seen := c.by.seen.Load(c.nonce); !seen {
				t.Errorf("call %d was answered by another version than %s", c.nonce, c.by.Key)
			}
		}
	}
	got := m.Ledger.Traffic()
	refused := want.Received - want.Predicted - want.Failed - want.Undeliverable
	if got.Received != want.Received || got.Predicted != want.Predicted || got.Undeliverable != want.Undeliverable || got.Failed+got.Shed != want.Failed+refused {
		t.Errorf("the ledger is %+v; want %+v and %d refused", got, want, refused)
	}
	for _, one := range m.known {
		if s := one.Pool.Stats(); s.InFlight != 0 || s.QueueRows != 0 {
			t.Errorf("%s is not at rest: %+v", one.Key, s)
		}
		if s := one.Series.Snapshot(); s.Predicted != predicted[one] {
			t.Errorf("%s has %d predictions; want %d", one.Key, s.Predicted, predicted[one])
		}
	}
}

// Answer implements serving.Front.
func (s *stall) Answer(c *serving.Call) bool {
	d := c.Own.(*deal)
	d.answers.Add(1)
	d.outcome = c.Result.Outcome
	switch {
	case d.nonce%16 == 12:
		d.unsent = true
		panic(fmt.Sprintf("no answer for %d", d.nonce))
	case s.gone.Load():
		d.unsent = true
	}
	return !d.unsent
}

// Lose implements serving.Front.
func (s *stall) Lose(c *serving.Call, _ any) {
	d := c.Own.(*deal)
	d.lost = true
}
