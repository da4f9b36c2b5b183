package store_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/quality"
	"penstock/quality/store"
	"penstock/quality/store/internal/made"
)

// source is what gives batches: n rows each time, while it is on.
type source struct {
	in    *made.Stream
	n     int
	given int
}

func (s *source) take(b *quality.Batch) {
	if s.n > 0 {
		b.Outcomes = append(b.Outcomes, s.in.Take(s.n))
		s.given += s.n
	}
}

var quiet = slog.New(slog.DiscardHandler)

// running runs a store until the test ends or stop is called.
func running(t *testing.T, s *store.Store, take func(*quality.Batch)) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, take) }()
	return func() error {
		cancel()
		return <-ended
	}
}

// TestRun writes each half second, and once more at the end.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, store.Options{Dir: t.TempDir()})
		from := source{in: stream(1, "class"), n: 10}
		stop := running(t, s, from.take)
		time.Sleep(1600 * time.Millisecond)
		synctest.Wait()
		if st := s.Status(); st.Rows != 30 || from.given != 30 {
			t.Errorf("after 1.6 s %d rows are written, %d given", st.Rows, from.given)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if got := rows(t, s, store.Query{Model: "m"}); got.Len() != 40 {
			t.Errorf("%d rows at the end; expected 40", got.Len())
		}
	})
}

// TestFullDisk: what cannot be written waits, is shown and told, and is written in its
// order once there is room.
func TestFullDisk(t *testing.T) {
	for name, fail := range map[string][2]string{
		"full":      {"max_page_count = 1", "max_page_count = 1073741823"},
		"read-only": {"query_only = 1", "query_only = 0"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, store.Options{Dir: t.TempDir(), Logger: quiet})
				from := source{in: stream(2, "class"), n: 100}
				stop := running(t, s, from.take)
				time.Sleep(1100 * time.Millisecond)
				pragma(t, s, fail[0])
				time.Sleep(20 * time.Second)
				synctest.Wait()
				st := s.Status()
				if !st.Degraded || st.Reason == "" || st.Waiting == 0 || st.Lost != 0 || int(st.Waiting+st.Rows) != from.given {
					t.Errorf("while it fails: %+v of %d", st, from.given)
				}
				if err := saved(s, func(io.Writer) error { return nil }); err == nil {
					t.Error("a checkpoint was made of what is not written")
				}
				pragma(t, s, fail[1])
				time.Sleep(11 * time.Second)
				synctest.Wait()
				if st := s.Status(); st.Degraded || st.Reason != "" || st.Waiting != 0 || st.Lost != 0 || int(st.Rows) != from.given {
					t.Errorf("after it failed: %+v of %d", st, from.given)
				}
				if err := stop(); err != nil {
					t.Fatal(err)
				}
				contiguous(t, rows(t, s, store.Query{Model: "m"}), from.given)
				events, err := s.Events(t.Context(), store.Query{})
				if err != nil || len(events) != 1 || events[0].Kind != "disk" {
					t.Errorf("events %+v, %v", events, err)
				}
			})
		})
	}
}

func pragma(t *testing.T, s *store.Store, text string) {
	t.Helper()
	if err := s.Pragma(text); err != nil {
		t.Fatal(err)
	}
}

// contiguous checks that rows are those of a stream from its beginning, in order.
func contiguous(t *testing.T, got quality.Outcomes, want int) {
	t.Helper()
	if got.Len() != want {
		t.Errorf("%d rows; expected %d", got.Len(), want)
	}
	for i := 1; i < got.Len(); i++ {
		if got.Labelled[i] < got.Labelled[i-1] {
			t.Fatalf("row %d is out of order", i)
		}
	}
}

// TestEndsWhileItFails: what still waits at the end is lost, counted and told.
func TestEndsWhileItFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, store.Options{Dir: t.TempDir(), Logger: quiet})
		pragma(t, s, "max_page_count = 1")
		from := source{in: stream(3, "class"), n: 500}
		stop := running(t, s, from.take)
		time.Sleep(5 * time.Second)
		if err := stop(); err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("it ended with %v", err)
		}
		if st := s.Status(); int(st.Lost+st.Rows) != from.given || st.Lost == 0 || st.Waiting != 0 {
			t.Errorf("%+v of %d", st, from.given)
		}
	})
}

// TestWaitingIsBounded: what waits takes 64 MiB at most; the newest is dropped.
func TestWaitingIsBounded(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{Logger: quiet})
	pragma(t, s, "query_only = 1")
	in := stream(4, "class")
	o := in.Take(4000)
	for i := range o.IDs { // 8 MiB that nothing makes smaller
		id := make([]byte, 2000)
		for j := range id {
			id[j] = byte(in.Random.Uint32())
		}
		o.IDs[i] = string(id)
	}
	const batches = 9
	for range batches {
		_ = s.Checkpoint(func(_ io.Writer, b *quality.Batch) error {
			*b = batch(o)
			return nil
		})
	}
	if st := s.Status(); st.Waiting != 8*4000 || st.Lost != (batches-8)*4000 {
		t.Errorf("%d rows are lost, %d wait", st.Lost, st.Waiting)
	}
}

// TestDroppedBefore: rows that were dropped before they came here count as lost.
func TestDroppedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, store.Options{})
		stop := running(t, s, func(b *quality.Batch) { b.Dropped = 3 })
		time.Sleep(1100 * time.Millisecond)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if st := s.Status(); st.Lost != 9 || st.Degraded {
			t.Errorf("%+v", st)
		}
	})
}

// TestCheckpointTakes: the batch that a checkpoint takes is written before it, and is
// not replayed; after an error of the caller's the batch is written all the same.
func TestCheckpointTakes(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	in := stream(5, "class")
	state := func(text string, err error) error {
		return s.Checkpoint(func(w io.Writer, b *quality.Batch) error {
			*b = batch(in.Take(10))
			_, _ = io.WriteString(w, text)
			return err
		})
	}
	if err := state("one", nil); err != nil {
		t.Fatal(err)
	}
	bad := errors.New("bad")
	if err := state("two", bad); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	if got := checkpoint(t, s); got != "one" {
		t.Errorf("the checkpoint is %q", got)
	}
	replayed := 0
	if err := s.Replay(func(b *quality.Batch) error {
		for _, o := range b.Outcomes {
			replayed += o.Len()
		}
		return nil
	}); err != nil || replayed != 10 {
		t.Errorf("%d rows are replayed, %v", replayed, err)
	}
	if got := rows(t, s, store.Query{Model: "m"}); got.Len() != 20 {
		t.Errorf("%d rows", got.Len())
	}
}
