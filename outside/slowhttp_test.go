//go:build linux

package outside_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// slowConnections is how many connections slowhttptest holds.
const slowConnections = 200

// TestSlowHTTP has slowhttptest open connections and be slow on them in each of its
// ways, beside a client that must notice nothing. The program must let go of them by
// itself: they are counted by its descriptors, since the kernel goes on for a while
// with what was written to a peer that hardly reads.
func TestSlowHTTP(t *testing.T) {
	t.Parallel()
	tool := found(t, "slowhttptest")
	for _, attack := range []struct {
		name, path string
		flags      []string
	}{
		{"headers", "/", []string{"-H", "-i", "1"}},
		{"body", "/v1/predict", []string{"-B", "-i", "1", "-s", "100000"}},
		{"read", largestScript(t), []string{"-X", "-w", "512", "-y", "1024", "-n", "1", "-z", "32"}},
	} {
		t.Run(attack.name, func(t *testing.T) {
			p := serve(t)
			before := p.descriptors()
			h := startHealthy(t, p)
			slow := run(t, nil, tool, append(attack.flags, "-c", fmt.Sprint(slowConnections), "-r", fmt.Sprint(slowConnections),
				"-l", "60", "-p", "5", "-u", "http://"+p.address+attack.path)...)
			eventually(t, "the attack to begin", func() bool { return p.descriptors() > before+slowConnections/2 })
			began := time.Now()
			eventually(t, "the program to let go of the attacker's connections", func() bool { return p.descriptors() < before+10 })
			took := time.Since(began)
			slow.kill()
			h.mustBeWell()
			if said := slow.said.String(); strings.Contains(plain(said), "service available:   NO") {
				t.Errorf("slowhttptest found the service unavailable:\n%s", said)
			}
			t.Logf("%d connections were gone after %v", slowConnections, took.Round(100*time.Millisecond))
		})
	}
}

// largestScript is the path of the page's largest file, which the kernel does not hold
// for a peer that does not read it.
func largestScript(t *testing.T) (path string) {
	t.Helper()
	largest := int64(0)
	files, err := os.ReadDir("../dashboard/dist")
	must(t, err)
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		if strings.HasSuffix(f.Name(), ".js") && info.Size() > largest {
			path, largest = "/"+f.Name(), info.Size()
		}
	}
	return path
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

// plain is what a program says without what it says to the terminal.
func plain(said string) string { return escapes.ReplaceAllString(said, "") }

// descriptors is how many files and sockets the program holds.
func (p *penstock) descriptors() int {
	p.t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	must(p.t, err)
	return len(list)
}

// healthy is a client that nothing may happen to.
type healthy struct {
	t       *testing.T
	stopped atomic.Bool
	ended   chan struct{}
	answers int
	worst   time.Duration
	err     error
}

func startHealthy(t *testing.T, p *penstock) *healthy {
	t.Helper()
	h := &healthy{t: t, ended: make(chan struct{})}
	c := &http.Client{Transport: &http.Transport{}}
	s := mustDial(t, c, "ws://"+p.address+"/ws/predict")
	go func() { // ends with mustBeWell or with the socket
		defer close(h.ended)
		for h.err == nil && !h.stopped.Load() {
			began := time.Now()
			h.err = s.exchange(fmt.Sprint(h.answers))
			h.worst = max(h.worst, time.Since(began))
			h.answers++
			pause(10 * time.Millisecond)
		}
	}()
	return h
}

// mustBeWell ends the client and checks that it had all its answers.
func (h *healthy) mustBeWell() {
	h.t.Helper()
	h.stopped.Store(true)
	<-h.ended
	if h.err != nil {
		h.t.Errorf("the healthy client, after %d answers: %v", h.answers, h.err)
	}
	h.t.Logf("healthy: %d answers, the slowest after %v", h.answers, h.worst.Round(100*time.Microsecond))
}
