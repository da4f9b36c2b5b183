//go:build torch && linux && cgo

package command

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"penstock/client"
	"penstock/weights"
)

var soakFor = flag.Duration("soak", 15*time.Second, "how long TestTorchSoak runs")

const (
	soakSockets = 64
	soakRate    = 1_000_000.0 / 600 // rows a second, over all sockets
	maxSoakRows = 32                // in a request
	serverTold  = "PENSTOCK_SOAK_SERVER"
)

// TestTorchSoak sends mixed requests from 64 sockets to a server of two
// workers in a process of its own, a million rows in ten minutes: its resident
// memory after the first minute grows by less than 5 MiB, its threads stay as
// many, and nothing fails.
//
//	go test -tags torch -run TestTorchSoak -v -timeout 30m . -soak 10m
//
// A short run has not seen every batch size when it starts to measure, and is
// allowed more.
func TestTorchSoak(t *testing.T) {
	address, pid := soakServer(t)
	// Go's scheduler makes one more thread now and then, when a processor is
	// taken from one that is in C; libtorch makes none after its first batches.
	settle, growth, threads := *soakFor/3, 24.0, 4
	if settle >= time.Minute {
		settle, growth, threads = time.Minute, 5, 2
	}
	ctx, cancel := context.WithTimeout(t.Context(), *soakFor)
	defer cancel()
	rush := time.Now().Add(settle / 2)
	var predicted, failed atomic.Int64
	var sockets sync.WaitGroup
	for socket := range uint64(soakSockets) {
		c := dial(t, address)
		sockets.Go(func() { soakSocket(ctx, t, c, socket, rush, &predicted, &failed) })
	}
	samples := sample(ctx, t, pid, settle)
	sockets.Wait()

	first, last := samples[0], samples[len(samples)-1]
	most := slices.MaxFunc(samples, func(a, b usage) int { return a.kib - b.kib })
	fewest, greatest := first.threads, first.threads
	for _, s := range samples {
		fewest, greatest = min(fewest, s.threads), max(greatest, s.threads)
	}
	t.Logf("%d rows in %v, %d failed; resident after %v %.1f MiB, at the end %.1f MiB, at most %.1f MiB; %d to %d threads",
		predicted.Load(), *soakFor, failed.Load(), settle, first.mib(), last.mib(), most.mib(), fewest, greatest)
	if failed.Load() > 0 || predicted.Load() < int64(soakRate*soakFor.Seconds()*0.9) {
		t.Errorf("%d rows were predicted and %d failed; expected %.0f and none", predicted.Load(), failed.Load(), soakRate*soakFor.Seconds())
	}
	if grown := last.mib() - first.mib(); grown >= growth {
		t.Errorf("resident memory grew by %.1f MiB; at most %v are allowed", grown, growth)
	}
	if greatest-fewest > threads {
		t.Errorf("the process had %d to %d threads; they may differ by %d", fewest, greatest, threads)
	}
}

// soakSocket sends requests of one to 32 rows until ctx ends: one after the
// other as fast as they are answered up to the end of the rush, so that the
// server has seen its worst before it is looked at, and then at the socket's
// share of the rate.
func soakSocket(ctx context.Context, t *testing.T, c *client.Client, seed uint64, rush time.Time, predicted, failed *atomic.Int64) {
	digits, err := weights.HeldOut()
	if err != nil {
		t.Error(err)
		return
	}
	random := rand.New(rand.NewPCG(seed, 1))
	pace := time.NewTimer(0)
	defer pace.Stop()
	var replies sync.WaitGroup
	defer replies.Wait()
	next := rush.Add(time.Duration(random.Int64N(int64(time.Second)))) // not all at once
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		n := 1 + random.IntN(maxSoakRows)
		var rows [][]float32
		for len(rows) < n {
			rows = append(rows, pixelRows(digits.Row(random.IntN(digits.Len())), 1)...)
		}
		replies.Add(1)
		_, err := c.Submit(t.Context(), client.Request{Rows: rows}, func(_ client.Prediction, err error) {
			defer replies.Done()
			if err != nil {
				failed.Add(int64(n))
				t.Log(err)
				return
			}
			predicted.Add(int64(n))
		})
		if err != nil {
			replies.Done()
			t.Error(err)
			return
		}
		if time.Now().Before(rush) {
			replies.Wait()
			pace.Reset(0)
			continue
		}
		next = next.Add(time.Duration(float64(n) * soakSockets / soakRate * float64(time.Second)))
		pace.Reset(time.Until(next))
	}
}

// usage is what a process takes.
type usage struct{ kib, threads int }

func (u usage) mib() float64 { return float64(u.kib) / 1024 }

// sample looks at a process four times a second, and returns the medians of ten
// looks after the settling, at the end, and of each ten between.
func sample(ctx context.Context, t *testing.T, pid int, settle time.Duration) (medians []usage) {
	began, tick := time.Now(), time.NewTicker(250*time.Millisecond)
	defer tick.Stop()
	var ten []usage
	for {
		select {
		case <-ctx.Done():
			return medians
		case <-tick.C:
		}
		if time.Since(began) < settle {
			continue
		}
		if ten = append(ten, look(t, pid)); len(ten) == 10 {
			slices.SortFunc(ten, func(a, b usage) int { return a.kib - b.kib })
			medians = append(medians, usage{ten[5].kib, ten[5].threads})
			if len(medians)%24 == 1 {
				t.Logf("%v: %.1f MiB, %d threads", time.Since(began).Round(time.Second), ten[5].mib(), ten[5].threads)
			}
			ten = ten[:0]
		}
	}
}

func look(t *testing.T, pid int) (u usage) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(line, ":")
		number, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		switch key {
		case "VmRSS":
			u.kib, err = strconv.Atoi(number)
		case "Threads":
			u.threads, err = strconv.Atoi(number)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return u
}

// soakServer starts the server in a process of its own, where the memory of 64
// clients is not counted: this test's program, told to be the server.
func soakServer(t *testing.T) (address string, pid int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestTorchSoakServer$", "-test.timeout=0")
	cmd.Dir = "command" // where go test would start it; TestMain goes up from there
	// Go's heap, which breathes, is given its size, so that what could grow is
	// what libtorch and the server keep.
	cmd.Env = append(os.Environ(), serverTold+"=yes", "GOGC=off", "GOMEMLIMIT=64MiB")
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close() // tells the server to end
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if at, found := strings.CutPrefix(lines.Text(), "serving on "); found {
			return at, cmd.Process.Pid
		}
	}
	t.Fatal("the server did not start")
	return "", 0
}

// TestTorchSoakServer is the server of TestTorchSoak; by itself it does
// nothing. It ends when its input does.
func TestTorchSoakServer(t *testing.T) {
	if os.Getenv(serverTold) == "" {
		t.Skip("run by TestTorchSoak")
	}
	// What is remembered for labels is bounded, but would fill for minutes.
	fmt.Println("serving on " + startServing(t, "--model=weights/digits-cnn", "--workers=2", "--remember=4096"))
	_, _ = os.Stdin.Read(make([]byte, 1))
}
