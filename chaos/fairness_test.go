//go:build linux

package chaos_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

// fill keeps a window full: it sends requests as long as the victim takes them,
// and throws the answers away.
func (r *raw) fill(request []byte, d time.Duration) { _, _ = r.flood(request, d) }

// TestOneCallerBesideFifty keeps the windows of five hundred sockets of one
// caller full, on a model whose batches take milliseconds: it is the caller that
// is shed, not the fifty others.
func TestOneCallerBesideFifty(t *testing.T) {
	folder := writeBundle(t, "slow", 784, 2048, 2048, 10)
	v := startVictim(t, limits{}, "--model="+folder)
	before := v.holdings()
	h := startHealthy(v, questions(t, folder), false)
	c := gather(t, 500, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
	request := frame(opBinary, binaryRequest(64, 0, make([]byte, 64*784)))
	c.together(func(r *raw) error { r.fill(request, 6*time.Second); return nil })
	m := v.metrics()
	t.Logf("received %v, shed %v", m["penstock_requests_received_total"], m["penstock_requests_shed_total"])
	h.mustBeWell()
	c.leave()
	v.mustRest(before)
}

// TestLargeMessagesTakeTurns has forty sockets send messages that take
// milliseconds to read, in binary and in JSON, on a model that is fast.
func TestLargeMessagesTakeTurns(t *testing.T) {
	row := rowOfZeros(784)
	rows := strings.TrimSuffix(strings.Repeat(row+",", (mebi-100)/(len(row)+1)), ",")
	for _, c := range []struct {
		name    string
		request []byte
	}{
		{"1,024 rows in binary", frame(opBinary, binaryRequest(1024, 0, bytes.Repeat([]byte{0, 0, 0, 200}, 1024*784/4)))},
		{"1 MiB of JSON", text(`{"features":[` + rows + `]}`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := startVictim(t, limits{})
			before := v.holdings()
			h := startHealthy(v, questions(t, ""), false)
			crowd := gather(t, 40, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
			crowd.together(func(r *raw) error { return r.oneAtATime(c.request, 4*time.Second) })
			h.mustBeWell()
			crowd.leave()
			v.mustRest(before)
		})
	}
}

// oneAtATime sends a request, and again when its answer has come.
func (r *raw) oneAtATime(request []byte, d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := r.send(request); err != nil {
			return err
		}
		if _, err := r.read(patience); err != nil {
			return err
		}
	}
	return nil
}

// TestLabelsJoinAfterAFlood asks fifty times, has somebody else ask so much that
// the server could not remember all of it, and then labels the fifty.
func TestLabelsJoinAfterAFlood(t *testing.T) {
	q := questions(t, "")
	for _, attacker := range []string{attackerFrom, "127.0.0.150"} {
		t.Run("from "+attacker, func(t *testing.T) {
			v := startVictim(t, limits{})
			before := v.holdings()
			h := startHealthy(v, q, false)
			honest, err := v.webSocket("127.0.0.150", "/ws/predict")
			if err != nil {
				t.Fatal(err)
			}
			defer honest.Close()
			for i := range 50 {
				honest.mustAsk(t, &q[i], uint64(i))
			}
			v.flushMemory(attacker)
			joined := 0
			for i := range 50 {
				if honest.label(i, q[i].class) {
					joined++
				}
			}
			t.Logf("%d of 50 labels joined", joined)
			if joined < 50 {
				t.Errorf("%d of 50 labels joined", joined)
			}
			_ = honest.Close()
			h.mustBeWell()
			v.mustRest(before)
		})
	}
}

func (r *raw) mustAsk(t *testing.T, q *question, id uint64) {
	t.Helper()
	request := bytes.Clone(q.binary)
	binary.LittleEndian.PutUint64(request[8:], id)
	if err := r.send(frame(opBinary, request)); err != nil {
		t.Fatal(err)
	}
	answer, err := r.read(patience)
	if err == nil {
		_, err = q.check(answer, id, true)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (r *raw) label(id, class int) bool {
	if r.send(text(fmt.Sprintf(`{"type":"feedback","request_id":%d,"label":"%d"}`, id, class))) != nil {
		return false
	}
	answer, err := r.read(patience)
	return err == nil && bytes.Contains(answer, []byte(`"feedback_ok"`))
}

// flushMemory asks for as many predictions as are remembered, and some more.
func (v *victim) flushMemory(from string) {
	v.t.Helper()
	r, err := v.webSocket(from, "/ws/predict")
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Close()
	request := binaryRequest(1024, 0, make([]byte, 1024*784))
	for i := range 257 {
		binary.LittleEndian.PutUint64(request[8:], uint64(1000+i))
		if err := r.send(frame(opBinary, request)); err != nil {
			v.t.Fatal(err)
		}
		if answer, err := r.read(patience); err != nil || answer[0] != 0x81 {
			v.t.Fatalf("answer % x, %v", answer[:min(len(answer), 40)], err)
		}
	}
}
