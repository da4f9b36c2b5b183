package inference_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
)

// spy is an oracle whose calls a test can watch. Its hooks run on the worker's
// goroutine and may block it.
type spy struct {
	modeltest.Oracle
	newSession func() error          // an error refuses the session; may be nil
	predict    func(nonces []uint32) // before each call of the engine; may be nil
	panicClose bool                  // sessions panic after they closed
	opened     struct {
		sync.Mutex
		n int
	} // sessions ever made
}

func (s *spy) NewSession(maxRows int) (model.Session, error) {
	if s.newSession != nil {
		if err := s.newSession(); err != nil {
			return nil, err
		}
	}
	session, err := s.Oracle.NewSession(maxRows)
	s.opened.Lock()
	defer s.opened.Unlock()
	s.opened.n++
	return &spySession{session, s}, err
}

func (s *spy) sessionsMade() int {
	s.opened.Lock()
	defer s.opened.Unlock()
	return s.opened.n
}

type spySession struct {
	model.Session
	spy *spy
}

func (s *spySession) Predict(scores, features []float32, rows int) error {
	if s.spy.predict != nil {
		s.spy.predict(nonces(features, s.spy.Features))
	}
	return s.Session.Predict(scores, features, rows)
}

func (s *spySession) Close() error {
	err := s.Session.Close()
	if s.spy.panicClose {
		panic("close")
	}
	return err
}

// nonces reads which rows features hold.
func nonces(features []float32, width int) (all []uint32) {
	for row := range slices.Chunk(features, width) {
		all = append(all, uint32(row[0]))
	}
	return all
}

// gate holds every call of the engine until the test lets it go, and shows
// which rows it has.
type gate struct {
	batches chan []uint32 // one per call, when it begins
	release chan struct{} // one per call, for it to go on
}

func newGate() *gate { return &gate{make(chan []uint32, 1000), make(chan struct{})} }

func (g *gate) hold(nonces []uint32) {
	g.batches <- nonces
	<-g.release
}

// open lets this call and all later ones pass.
func (g *gate) open() { close(g.release) }

// inbox is a sink that keeps the requests. It must have room for all.
type inbox chan *inference.Request

func newInbox() inbox { return make(inbox, 10_000) }

func (in inbox) Reply(r *inference.Request) { in <- r }
func (in inbox) Flush()                     {}

// rows makes a request of n rows with the nonces first, first+1, and so on.
func (s *spy) rows(first uint32, n int) *inference.Request {
	r := &inference.Request{Rows: n}
	for i := range n {
		r.Features = append(r.Features, s.Row(first+uint32(i))...)
	}
	return r
}

// same makes a request of n rows that all have the same nonce.
func (s *spy) same(nonce, n int) *inference.Request {
	r := &inference.Request{Rows: n}
	for range n {
		r.Features = append(r.Features, s.Row(uint32(nonce))...)
	}
	return r
}

// rig is a pool that runs until stop, or the end of the test.
type rig struct {
	*inference.Pool
	stop func() // ends Run and waits for it
}

// start runs a pool over m. At the end of the test it must be at rest, with
// every session closed.
func start(t testing.TB, m model.Model, opt inference.Options) *rig {
	t.Helper()
	pool, err := inference.New(m, opt)
	if err != nil {
		t.Fatal(err)
	}
	stop := runFor(t, pool)
	t.Cleanup(func() {
		stop()
		mustRest(t, pool.Stats())
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return &rig{pool, stop}
}

// runFor runs a pool until the stop that it returns, which waits for Run.
func runFor(t testing.TB, pool *inference.Pool) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = pool.Run(ctx) // says only why ctx ended
	}()
	return sync.OnceFunc(func() {
		cancel()
		<-ended
	})
}

// mustRest checks the books of a pool that has nothing to do.
func mustRest(t testing.TB, s inference.Stats) {
	t.Helper()
	if !balanced(s) || s.InFlight != 0 || s.QueueRows != 0 || s.StuckWorkers != 0 {
		t.Errorf("not at rest: %+v", s)
	}
}

// balanced holds at any moment.
func balanced(s inference.Stats) bool {
	ended := s.Predicted + s.Failed + s.Unavailable + s.Expired + s.Cancelled + s.Discarded + s.Stopped
	return s.Accepted == ended+uint64(s.InFlight)
}

func mustSubmit(t testing.TB, s *inference.Stream, requests ...*inference.Request) {
	t.Helper()
	for _, r := range requests {
		if err := s.Submit(r); err != nil {
			t.Fatal(err)
		}
	}
}

// mustPredict checks that r was answered with its own scores.
func mustPredict(t testing.TB, m *spy, r *inference.Request) {
	t.Helper()
	if r.Result.Outcome != inference.Predicted || r.Result.Err != nil {
		t.Fatalf("outcome %v, error %v; want a prediction", r.Result.Outcome, r.Result.Err)
	}
	if got, want := r.Result.Scores, m.want(r.Features); !slices.Equal(got, want) {
		t.Fatalf("scores %v; want %v", got, want)
	}
}

func (s *spy) want(features []float32) (scores []float32) {
	for _, nonce := range nonces(features, s.Features) {
		scores = append(scores, s.Want(nonce)...)
	}
	return scores
}

// mustEnd checks a reply other than a prediction.
func mustEnd(t testing.TB, r *inference.Request, want inference.Outcome) {
	t.Helper()
	if r.Result.Outcome != want {
		t.Fatalf("outcome %v (error %v); want %v", r.Result.Outcome, r.Result.Err, want)
	}
}

// mustBeQuiet checks that no reply is there.
func mustBeQuiet(t testing.TB, in inbox) {
	t.Helper()
	if n := len(in); n > 0 {
		t.Fatalf("%d replies; want none", n)
	}
}

// sinkFunc is a sink that only replies.
type sinkFunc func(*inference.Request)

func (f sinkFunc) Reply(r *inference.Request) { f(r) }
func (f sinkFunc) Flush()                     {}

// outbox is a sink that counts.
type outbox struct {
	mu                 sync.Mutex
	replies, unflushed int
}

func (o *outbox) Reply(*inference.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.replies++
	o.unflushed++
}

func (o *outbox) Flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.unflushed = 0
}
