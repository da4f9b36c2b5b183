//go:build linux

package chaos_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const mebi = 1 << 20

// unknownKeys is an object of 1 MiB with more than a hundred thousand keys that
// mean nothing, after what it begins with.
func unknownKeys(begin string) []byte {
	b := []byte("{" + begin)
	for i := 0; len(b) < mebi-20; i++ {
		b = fmt.Appendf(b, `"%x":1,`, i)
	}
	return append(b, `"end":1}`...)
}

func rowOfZeros(features int) string {
	return "[" + strings.TrimSuffix(strings.Repeat("0,", features), ",") + "]"
}

// TestIdleSocketsHoldNothing sends a large message whose last bytes come
// together with something else, by which another way out of the message is
// taken, and then nothing more.
func TestIdleSocketsHoldNothing(t *testing.T) {
	keys := unknownKeys("")
	broken := bytes.Clone(keys)
	copy(broken[len(broken)-8:], "\"\xff\xfe\":1}")
	rows := binaryRequest(1024, 0, make([]byte, 1024*784))
	v := startVictim(t, tight)
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	for _, c := range []struct {
		name    string
		message []byte // a frame
		then    []byte
	}{
		{"keys, then ping", frame(opText, keys), text("ping")},
		{"keys with a row, then ping", frame(opText, unknownKeys(`"features":`+rowOfZeros(784)+`,`)), text("ping")},
		{"keys, then a binary message", frame(opText, keys), frame(opBinary, []byte{9})},
		{"rows in binary, then ping", frame(opBinary, rows), text("ping")},
		{"keys, then half a frame", frame(opText, keys), text(strings.Repeat("x", 200))[:50]},
		{"keys, then a control frame", frame(opText, keys), frame(opPing, []byte("x"))},
		{"not UTF-8", frame(opText, broken), text("ping")},
	} {
		holdNothing(v, c.name, c.message, c.then)
	}
	h.mustBeWell()
	v.mustRest(before)
}

func holdNothing(v *victim, name string, message, then []byte) {
	const sockets, allowed = 100, 64 << 10
	idle := v.heap()
	c := gather(v.t, sockets, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
	defer c.leave()
	last := len(message) - 1000
	c.each(func(r *raw) error { return r.send(message[:last]) })
	pause(300 * time.Millisecond) // the victim reads what there is
	c.each(func(r *raw) error { return r.send(append(bytes.Clone(message[last:]), then...)) })
	silent := c.each(func(r *raw) error { _, err := r.read(patience); return err })
	held := int64(0)
	within(8*time.Second, func() bool { held = v.heap() - idle; return held <= sockets*allowed })
	v.t.Logf("%s: %d sockets hold %d KiB of live heap each; %d got no answer", name, sockets, held/sockets>>10, silent)
	if held > sockets*allowed {
		v.t.Errorf("%s: idle sockets hold %d MiB", name, held>>20)
	}
}

// within tries until it holds, or for so long.
func within(d time.Duration, holds func() bool) bool {
	for deadline := time.Now().Add(d); !holds(); pause(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// memoryLimit is what victims are told to keep to, where memory is what they are
// attacked for. The collector may be late by a little.
const (
	memoryLimit = 512 << 20
	memoryFlag  = "--memory-limit=512MiB"
	memorySlack = memoryLimit / 8
)

// mustKeep checks what the process had at most, and what it counted.
func (v *victim) mustKeep(p *peak) {
	v.t.Helper()
	m := v.metrics()
	t := v.t
	t.Logf("at most %d MiB resident; clients hold %.0f MiB of %.0f; %v refusals, %v messages dropped", p.resident.Load()>>20,
		m["penstock_client_memory_bytes"]/mebi, m["penstock_client_memory_limit_bytes"]/mebi,
		m["penstock_client_memory_refusals_total"], m["penstock_dropped_messages_total"])
	if p.resident.Load() > memoryLimit+memorySlack {
		t.Errorf("%d MiB were resident; the limit was %d", p.resident.Load()>>20, memoryLimit>>20)
	}
}

// TestHalfSentMessages leaves 900 KiB of a message with each of two thousand
// sockets. Healthy clients may be told overloaded: there is no memory left.
func TestHalfSentMessages(t *testing.T) {
	v := startVictim(t, tight, memoryFlag)
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), true)
	p, stop := v.watch()
	half := frame(opBinary, make([]byte, mebi))[:900<<10]
	c := gather(t, 2000, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
	c.each(func(r *raw) error {
		_ = r.SetWriteDeadline(time.Now().Add(3 * time.Second))
		_, err := r.Write(half)
		return err
	})
	pause(2 * time.Second)
	v.mustLive()
	v.mustKeep(p)
	stop()
	h.mustBeWell()
	c.leave()
	v.mustRest(before)
}

// TestRepliesAreBoundedInBytes asks a thousand scores and names of each of 1,024
// rows with 4 KiB, and reads none of it.
func TestRepliesAreBoundedInBytes(t *testing.T) {
	wide := writeBundle(t, "wide", 1, 1000)
	v := startVictim(t, tight, memoryFlag, "--model=../weights/digits", "--model="+wide)
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	p, stop := v.watch()
	ask := func(rows int) []byte {
		return text(`{"model":"wide","request_id":1,"detail":["scores"],"top_k":1048576,"features":[` + strings.TrimSuffix(strings.Repeat("[0],", rows), ",") + `]}`)
	}
	for _, rows := range []int{1024, 16, 1} {
		c := gather(t, 40, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
		request := bytes.Repeat(ask(rows), max(1, 256/rows))
		c.each(func(r *raw) error {
			_ = r.SetWriteDeadline(time.Now().Add(time.Second))
			_, err := r.Write(request)
			return err
		})
		pause(2 * time.Second)
		v.mustLive()
		t.Logf("%d rows: %d MiB resident", rows, v.status("VmRSS")>>20)
		c.leave()
	}
	r, err := v.webSocket(attackerFrom, "/ws/predict")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.send(ask(1024)); err != nil {
		t.Fatal(err)
	}
	if answer, err := r.read(patience); err != nil || !bytes.Contains(answer, []byte(`"too_large"`)) {
		t.Errorf("an answer that can never fit: %.200s, %v; want too_large", answer, err)
	}
	_ = r.Close()
	v.mustKeep(p)
	stop()
	h.mustBeWell()
	v.mustRest(before)
}

// TestSocketsThatNeverRead keeps the window of two hundred sockets full of
// requests for long answers, and reads none.
func TestSocketsThatNeverRead(t *testing.T) {
	v := startVictim(t, tight, memoryFlag)
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	p, stop := v.watch()
	row := rowOfZeros(784)
	request := text(`{"detail":["scores","timing"],"top_k":10,"features":[` + strings.TrimSuffix(strings.Repeat(row+",", 64), ",") + `]}`)
	c := gather(t, 200, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
	end := time.Now().Add(4 * time.Second)
	c.together(func(r *raw) error {
		_ = r.SetWriteDeadline(end)
		for range 32 {
			if _, err := r.Write(request); err != nil {
				return err
			}
		}
		return nil
	})
	v.mustLive()
	v.mustKeep(p)
	pause(6 * time.Second) // until they are cut off
	v.mustLive()
	c.leave()
	stop()
	h.mustBeWell()
	v.mustRest(before)
}

// TestManyEmptyNames subscribes to hundreds of thousands of fields without a
// name on fifty dashboards.
func TestManyEmptyNames(t *testing.T) {
	v := startVictim(t, tight)
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	idle := v.heap()
	names := strings.TrimSuffix(strings.Repeat(`"",`, 349_000), ",")
	for _, field := range []string{"metrics", "models"} {
		message := text(fmt.Sprintf(`{"type":"subscribe","%s":[%s]}`, field, names))
		c := gather(t, 50, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/dashboard") })
		c.each(func(r *raw) error { return r.send(message) })
		pause(time.Second)
		held := v.heap() - idle
		t.Logf("%s: %d KiB of live heap for each dashboard", field, held/50>>10)
		if held > 50*256<<10 {
			t.Errorf("%s: dashboards hold %d MiB", field, held>>20)
		}
		c.leave()
	}
	h.mustBeWell()
	v.mustRest(before)
}

// TestASlowReaderLives reads 100 KB a second of answers that come faster, for 15
// seconds, beside sockets that read nothing and are closed.
func TestASlowReaderLives(t *testing.T) {
	v := startVictim(t, limits{})
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	open := func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") }
	slow, dead := gather(t, 4, open), gather(t, 4, open)
	request := text(`{"detail":["scores"],"top_k":10,"features":[` + strings.TrimSuffix(strings.Repeat(rowOfZeros(784)+",", 64), ",") + `]}`)
	done := make(chan struct{})
	both := &crowd{t: t, all: slices.Concat(slow.all, dead.all)}
	go func() {
		defer close(done)
		both.together(func(r *raw) error { return r.pour(request, 15*time.Second) })
	}()
	for i, err := range slow.together(func(r *raw) error { return r.sip(100_000, 15*time.Second) }) {
		if err != nil {
			t.Errorf("slow reader %d: %v", i, err)
		}
	}
	<-done
	there := 0
	for _, err := range dead.together(func(r *raw) error { _, err := r.drain(time.Second); return err }) {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			there++
		}
	}
	if there > 0 {
		t.Errorf("%d of %d sockets that read nothing for 15 s were not cut off", there, len(dead.all))
	}
	h.mustBeWell()
	slow.leave()
	dead.leave()
	v.mustRest(before)
}
