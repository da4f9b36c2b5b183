//go:build linux

package chaos_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The process's own figures, from the system and from its metrics.

// status reads a line of /proc/PID/status, in bytes: VmRSS, VmSize, VmHWM.
func (v *victim) status(field string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid))
	if err != nil {
		return 0 // it ended; mustLive says so
	}
	_, rest, _ := strings.Cut(string(text), "\n"+field+":")
	var kib int64
	_, _ = fmt.Sscan(rest, &kib)
	return kib << 10
}

// files counts open descriptors.
func (v *victim) files() int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", v.cmd.Process.Pid))
	return len(entries)
}

// processor returns how long its threads have run.
func (v *victim) processor() time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", v.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // Linux counts in hundredths
}

// adminGet asks the admin address, on a connection of its own.
func (v *victim) adminGet(path string) (string, error) { return httpGet(v.admin, path, patience) }

func httpGet(address, path string, within time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return string(body), err
}

// metrics reads all metrics. Their names have their labels.
func (v *victim) metrics() map[string]float64 {
	v.t.Helper()
	text, err := v.adminGet("/metrics")
	if err != nil {
		v.mustLive()
		v.t.Fatal(err)
	}
	values := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if f, err := strconv.ParseFloat(value, 64); err == nil {
			values[name] = f
		}
	}
	return values
}

// heap returns the bytes of live objects. It collects twice: what is in a
// sync.Pool outlives one collection.
func (v *victim) heap() int64 {
	v.t.Helper()
	for range 2 {
		if _, err := v.adminGet("/debug/pprof/heap?gc=1"); err != nil {
			v.mustLive()
			v.t.Fatal(err)
		}
	}
	return int64(v.metrics()["go_memstats_heap_alloc_bytes"])
}

// holdings are what the process holds at rest.
type holdings struct {
	files, goroutines int
	heap              int64
}

func (v *victim) holdings() holdings {
	v.t.Helper()
	h := holdings{heap: v.heap()}
	h.goroutines = int(v.metrics()["go_goroutines"])
	h.files = v.files()
	return h
}

// kept is how much larger the heap may be at rest than at the start: rows are
// remembered for their labels, and buffers of workers grow to what they served.
const kept = 64 << 20

// mustRest waits until the process holds no more than it did, and its ledger
// adds up.
func (v *victim) mustRest(before holdings) {
	v.t.Helper()
	v.mustLive()
	deadline := time.Now().Add(2 * patience)
	for ; ; pause(200 * time.Millisecond) {
		problem := v.unrest(before)
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			v.t.Errorf("at rest, %s", problem)
			return
		}
	}
}

func (v *victim) unrest(before holdings) string {
	v.t.Helper()
	now, m := v.holdings(), v.metrics()
	requests := func(what string) float64 { return m["penstock_requests_"+what+"_total"] }
	out := requests("predicted") + requests("failed") + requests("shed") + requests("undeliverable")
	switch {
	case now.files > before.files+4:
		return fmt.Sprintf("%d descriptors are open; there were %d", now.files, before.files)
	case now.goroutines > before.goroutines+8:
		return fmt.Sprintf("%d goroutines run; there were %d", now.goroutines, before.goroutines)
	case now.heap > before.heap+kept:
		return fmt.Sprintf("%d MiB of heap are live; there were %d", now.heap>>20, before.heap>>20)
	case requests("received") != out:
		return fmt.Sprintf("%v requests were received and %v ended", requests("received"), out)
	case m["penstock_client_memory_bytes"] > 0:
		return fmt.Sprintf("%v bytes are counted as held by clients", m["penstock_client_memory_bytes"])
	}
	return ""
}

// peak is the most that the process held while it was watched.
type peak struct{ resident, files atomic.Int64 }

// watch looks at the process until stop is called, every 20 ms.
func (v *victim) watch() (p *peak, stop func()) {
	p = &peak{}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		for ctx.Err() == nil {
			p.resident.Store(max(p.resident.Load(), v.status("VmRSS")))
			p.files.Store(max(p.files.Load(), int64(v.files())))
			pause(20 * time.Millisecond)
		}
	})
	return p, func() { cancel(); watching.Wait() }
}
