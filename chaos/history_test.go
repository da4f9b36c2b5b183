//go:build linux

package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A program that keeps its quality on a disk is killed again and again while labels
// come. PENSTOCK_CHAOS_LONG makes it 200 times.
const (
	historyKills     = 8
	historyKillsLong = 200
	// historyGrace is how old a label must be at least that may not be lost. What is
	// promised is a second; the test has neighbours.
	historyGrace = 4 * time.Second
)

func TestKilledWithItsHistory(t *testing.T) {
	data := t.TempDir()
	cycles := historyKills
	if os.Getenv("PENSTOCK_CHAOS_LONG") != "" {
		cycles = historyKillsLong
	}
	v := startVictim(t, limits{}, "--data-dir="+data)
	before := uint64(0) // labels counted when the cycle began
	lost, total, slowest := uint64(0), uint64(0), time.Duration(0)
	for cycle := range cycles {
		l := startLabelling(t, v, cycle)
		l.waitFor(40 + 25*(cycle%5))
		kept := rowsKept(t, v)
		eventually(t, patience, "labels on the disk", func() bool { return rowsKept(t, v) > kept })
		if err := v.cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-v.ended
		killed := time.Now()
		l.end()

		start := time.Now()
		v = startVictim(t, limits{}, "--data-dir="+data)
		slowest = max(slowest, time.Since(start))
		old, acknowledged := l.acknowledged(killed.Add(-historyGrace))
		most := before + acknowledged + labellers // whose answer was under way
		counted, _ := counts(t, v)
		if counted < before+old || counted > most {
			t.Fatalf("cycle %d: %d labels are counted; want %d to %d", cycle, counted, before+old, most)
		}
		l.sendAgain(v)
		again, _ := counts(t, v)
		if again < counted || again > most {
			t.Fatalf("cycle %d: %d labels are counted when all were sent again; want %d to %d", cycle, again, counted, most)
		}
		total += acknowledged
		if before+acknowledged > again {
			lost += before + acknowledged - again
		}
		before = again
	}
	t.Logf("%d kills: %d labels acknowledged, %d of them (none older than %v) lost; the slowest start took %v", cycles, total, lost, historyGrace, slowest)
	if before == 0 {
		t.Error("no label was kept at all")
	}
}

// labellers is how many clients predict and label at a time.
const labellers = 4

// labelling are clients that predict, and label what was predicted.
type labelling struct {
	t       *testing.T
	stop    context.CancelFunc
	running sync.WaitGroup
	row     []byte

	mu   sync.Mutex
	done []acknowledgement
}

type acknowledgement struct {
	session, id string
	at          time.Time
}

func startLabelling(t *testing.T, v *victim, cycle int) *labelling {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &labelling{t: t, stop: stop, row: digit(t)}
	for client := range labellers {
		session := fmt.Sprintf("history-%04d-%04d", cycle, client)
		l.running.Go(func() { l.run(ctx, v, session) })
	}
	return l
}

// digit is a row of the built-in model, as JSON.
func digit(t *testing.T) []byte {
	t.Helper()
	row, err := json.Marshal(make([]float32, 784))
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// run predicts and labels until the server is gone.
func (l *labelling) run(ctx context.Context, v *victim, session string) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for n := 0; ctx.Err() == nil; n++ {
		id := strconv.Itoa(n)
		status, err := post(ctx, client, v, "/v1/predict", session, fmt.Sprintf(`{"features":%s,"request_id":%s}`, l.row, id))
		if err != nil {
			return
		}
		if status != http.StatusOK {
			continue
		}
		status, err = post(ctx, client, v, "/v1/feedback", session, fmt.Sprintf(`{"request_id":%s,"label":"3"}`, id))
		if err != nil {
			return
		}
		if status == http.StatusOK {
			l.mu.Lock()
			l.done = append(l.done, acknowledgement{session, id, time.Now()})
			l.mu.Unlock()
		}
	}
}

func post(ctx context.Context, client *http.Client, v *victim, path, session, body string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+v.address+path+"?session="+session, bytes.NewBufferString(body))
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// waitFor waits until so many labels have been acknowledged.
func (l *labelling) waitFor(labels int) {
	l.t.Helper()
	eventually(l.t, patience, "labels", func() bool {
		_, n := l.acknowledged(time.Now())
		return n >= uint64(labels)
	})
}

func (l *labelling) end() {
	l.running.Wait() // the server is gone
	l.stop()
}

// acknowledged is how many labels were, until a moment and in all.
func (l *labelling) acknowledged(until time.Time) (old, all uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.done {
		if a.at.Before(until) {
			old++
		}
	}
	return old, uint64(len(l.done))
}

// sendAgain sends all labels once more, as clients do that do not know what became of
// them.
func (l *labelling) sendAgain(v *victim) {
	l.t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for _, a := range l.done {
		if _, err := post(l.t.Context(), client, v, "/v1/feedback", a.session, fmt.Sprintf(`{"request_id":%s,"label":"3"}`, a.id)); err != nil {
			l.t.Fatal(err)
		}
	}
}

func rowsKept(t *testing.T, v *victim) uint64 {
	t.Helper()
	_, rows := counts(t, v)
	return rows
}

// counts are how many labelled rows a program counts, and how many are on its disk.
func counts(t *testing.T, v *victim) (labelled, kept uint64) {
	t.Helper()
	response, err := http.Get("http://" + v.address + "/api/quality")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Models []struct {
			Labelled uint64 `json:"labelled"`
		} `json:"models"`
		Store struct {
			Rows uint64 `json:"rows"`
		} `json:"store"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Models) != 1 {
		t.Fatalf("%d models, %v", len(answer.Models), err)
	}
	return answer.Models[0].Labelled, answer.Store.Rows
}
