//go:build linux

package chaos_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	penstock "penstock/client"
	"penstock/protocol"
	"penstock/weights/weightstest"
)

// kills is how often a process that runs a model is killed.
const kills = 100

// adder is a model in Python: a row's score is the sum of its numbers, so that an
// answer to another row shows.
const adder = `
FEATURES = 2
OUTPUTS = [{"name": "sum", "kind": "values"}]


def load(folder):
    return None


def predict(_, rows):
    return rows.sum(axis=1)
`

// A process that runs a model is killed a hundred times under load. Each request has
// one terminal reply, its own or that the engine is away; the other model's clients
// notice nothing.
func TestKilledChildren(t *testing.T) {
	python := weightstest.Interpreter(t)
	file := filepath.Join(t.TempDir(), "adder.py")
	if err := os.WriteFile(file, []byte(adder), 0o600); err != nil {
		t.Fatal(err)
	}
	v := startVictim(t, limits{}, "--model=../weights/digits", "--model="+file, "--python="+python)
	h := startHealthy(v, questions(t, ""), false)
	asking := startAsking(t, v, "adder")
	killed := make(map[int]bool)
	for len(killed) < kills {
		pid := 0
		eventually(t, patience, "another process that is ready", func() bool {
			for _, p := range processesOf(t, v, "adder") {
				if p.State == "ready" && p.PID > 0 && !killed[p.PID] {
					pid = p.PID
				}
			}
			return pid > 0
		})
		before := asking.answered.Load()
		eventually(t, patience, "an answer", func() bool { return asking.answered.Load() > before })
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		killed[pid] = true
	}
	before := asking.answered.Load()
	eventually(t, patience, "answers after the last kill", func() bool { return asking.answered.Load() > before+10 })
	asking.end()
	restarts := uint64(0)
	for _, p := range processesOf(t, v, "adder") {
		restarts += p.Restarts
	}
	t.Logf("%d kills, %d restarts; %d answered, %d unavailable", len(killed), restarts, asking.answered.Load(), asking.away.Load())
	if restarts < kills-4 { // the last ones may be under way
		t.Errorf("%d restarts are told of %d kills", restarts, kills)
	}
	h.mustBeWell()
}

type process struct {
	PID      int    `json:"pid"`
	State    string `json:"state"`
	Restarts uint64 `json:"restarts"`
}

// processesOf asks which processes run a model.
func processesOf(t *testing.T, v *victim, model string) []process {
	t.Helper()
	response, err := http.Get("http://" + v.address + "/api/models")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Models []struct {
			Name      string    `json:"name"`
			Processes []process `json:"processes"`
		} `json:"models"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, m := range answer.Models {
		if m.Name == model {
			return m.Processes
		}
	}
	t.Fatalf("no model %s is served", model)
	return nil
}

// asking keeps a model busy over several sockets, and checks each answer.
type asking struct {
	t              *testing.T
	stop           context.CancelFunc
	running        sync.WaitGroup
	answered, away atomic.Int64
	sent, told     atomic.Int64
}

func startAsking(t *testing.T, v *victim, model string) *asking {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	a := &asking{t: t, stop: stop}
	for socket := range 4 {
		c, err := penstock.Dial(ctx, "ws://"+v.address, penstock.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for lane := range 4 {
			a.running.Go(func() { a.ask(ctx, c, model, socket*1000+lane*100000) })
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Cleanup(stop)
	return a
}

// ask sends one row after the other until the context ends.
func (a *asking) ask(ctx context.Context, c *penstock.Client, model string, first int) {
	for n := first; ctx.Err() == nil; n++ {
		a.sent.Add(1)
		told, err := c.Predict(context.WithoutCancel(ctx), []float32{float32(n % 4096), 0.5}, penstock.WithModel(model), penstock.WithScores())
		a.told.Add(1)
		problem, typed := errors.AsType[*protocol.Error](err)
		switch {
		case typed && problem.Code == protocol.Unavailable:
			a.away.Add(1)
		case err != nil:
			a.t.Errorf("request %d: %v", n, err)
			return
		case len(told.Scores) != 1 || math.Abs(float64(told.Scores[0])-float64(n%4096)-0.5) > 1e-3:
			a.t.Errorf("request %d is answered with %v", n, told.Scores)
			return
		default:
			a.answered.Add(1)
		}
	}
}

func (a *asking) end() {
	a.stop()
	ended := make(chan struct{})
	go func() { a.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patience):
		a.t.Fatalf("%d requests have no reply", a.sent.Load()-a.told.Load())
	}
}
