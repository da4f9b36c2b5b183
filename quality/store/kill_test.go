package store_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"penstock/quality"
	"penstock/quality/store"
)

// The child of TestKill9 is this test's program with these set.
const (
	killDir  = "PENSTOCK_KILL_DIR"
	killWays = "PENSTOCK_KILLS" // how many cycles, instead of a few
)

// TestKill9 kills a process that writes, again and again: the store opens each time,
// has every row that was told to be written and none twice, and the checkpoint and
// what is replayed after it are all rows. Of the rows that Run wrote none is missing
// that was there more than a second before.
func TestKill9(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		writeUntilKilled(dir)
		return
	}
	t.Parallel()
	cycles := kills
	if text := os.Getenv(killWays); text != "" {
		var err error
		if cycles, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dir, random := t.TempDir(), rand.New(rand.NewPCG(1, 0))
	var slowest time.Duration
	last := uint64(0)
	for cycle := range cycles {
		told := killed(t, dir, 1+random.IntN(120), time.Duration(random.IntN(20_000))*time.Microsecond)
		began := time.Now()
		s := open(t, store.Options{Dir: dir})
		slowest = max(slowest, time.Since(began))
		if last = complete(t, s, last, told); t.Failed() {
			t.Fatalf("after cycle %d", cycle)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d cycles, %d rows; it opened within %s", cycles, last, slowest)
}

// killed starts a child, waits until it has told so many lines and a moment more, kills
// it, and returns the last row that it told to be written.
func killed(t *testing.T, dir string, lines int, moment time.Duration) (told uint64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKill9$", "-test.count=1")
	child.Env = append(os.Environ(), killDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	text := bufio.NewScanner(out)
	read := func() bool {
		if !text.Scan() {
			return false
		}
		n, err := strconv.ParseUint(text.Text(), 10, 64)
		if err != nil {
			t.Errorf("the child says %q", text.Text())
			return false
		}
		told = n
		return true
	}
	for range lines {
		if !read() {
			break
		}
	}
	time.AfterFunc(moment, func() { _ = child.Process.Kill() })
	for read() { // until it is dead
	}
	_ = child.Wait()
	return told
}

// writeUntilKilled writes rows that count up, tells after each batch the last of them,
// and now and then saves a checkpoint: the last row that it has seen.
func writeUntilKilled(dir string) {
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stdout, err)
		return
	}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	in := stream(1, "class")
	last := uint64(0)
	_ = s.Outcomes(context.Background(), store.Query{Model: "m"}, true, func(o *quality.Outcomes) error {
		n, err := strconv.ParseUint(o.IDs[0], 10, 64)
		last = max(last, n)
		return err
	})
	for {
		next := func() quality.Batch {
			o := in.Take(1 + random.IntN(200))
			for i := range o.IDs {
				last++
				o.IDs[i] = strconv.FormatUint(last, 10)
			}
			return quality.Batch{Outcomes: []quality.Outcomes{o}, Activity: []quality.Activity{{Model: "m", Version: "1", Minute: o.Predicted[0] / int64(time.Minute), Predicted: uint64(o.Len())}}}
		}
		switch b := next(); random.IntN(8) {
		case 0:
			err = s.Checkpoint(func(w io.Writer, since *quality.Batch) error {
				*since = b
				return binary.Write(w, binary.LittleEndian, last)
			})
		case 1:
			if err = s.Write(&b); err == nil {
				err = s.Tidy(time.Unix(0, b.Outcomes[0].Labelled[0]))
			}
		default:
			err = s.Write(&b)
		}
		if err != nil {
			fmt.Fprintln(os.Stdout, err)
			return
		}
		fmt.Fprintln(os.Stdout, last)
	}
}

// complete checks that the rows 1, 2, … are there once each, as far as told at least, and
// returns the last.
func complete(t *testing.T, s *store.Store, before, told uint64) (last uint64) {
	t.Helper()
	err := s.Outcomes(t.Context(), store.Query{Model: "m"}, false, func(o *quality.Outcomes) error {
		for _, id := range o.IDs {
			if last++; id != strconv.FormatUint(last, 10) {
				return fmt.Errorf("row %s follows %d", id, last-1)
			}
		}
		return nil
	})
	if err != nil || last < told || last < before {
		t.Errorf("%d rows; %d were told to be written, %d were there before: %v", last, told, before, err)
	}
	if n := labelled(t, s, store.Query{Model: "m", Step: store.Day, By: store.Label}); n != last {
		t.Errorf("%d rows are counted; %d are there", n, last)
	}
	seen, replayed := uint64(0), uint64(0)
	if _, err := s.LoadCheckpoint(func(r io.Reader) error { return binary.Read(r, binary.LittleEndian, &seen) }); err != nil {
		t.Error(err)
	}
	predicted := uint64(0)
	err = s.Replay(func(b *quality.Batch) error {
		for _, o := range b.Outcomes {
			replayed += uint64(o.Len())
		}
		for _, a := range b.Activity {
			predicted += a.Predicted
		}
		return nil
	})
	if err != nil || seen+replayed != last || predicted != replayed {
		t.Errorf("the checkpoint has %d, %d are replayed and %d predicted; %d are there: %v", seen, replayed, predicted, last, err)
	}
	return last
}
