//go:build linux

package chaos_test

import (
	"bytes"
	"testing"
	"time"
)

// TestRowsThatWaitAreCounted fills what a socket may be owed with one small
// request, whose answer is hardly read, and then sends many rows in a few bytes
// each: these wait for room, and are memory as well.
func TestRowsThatWaitAreCounted(t *testing.T) {
	const sockets, owed = 400, 515 // rows of a thousand scores: all but 32 KiB of 2 MiB
	v := startVictim(t, tight, memoryFlag, "--model=../weights/digits", "--model="+writeBundle(t, "wide", 1, 1000))
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), true)
	p, stop := v.watch()
	fill := frame(opBinary, binaryRequest(owed, 1, make([]byte, owed)))
	rows := frame(opBinary, binaryRequest(1024, 0, bytes.Repeat([]byte{0, 0, 0, 200}, 1024*784/4)))
	c := gather(t, sockets, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
	filled := sockets - c.each(func(r *raw) error { return r.send(fill) })
	pause(time.Second)
	c.each(func(r *raw) error {
		_ = r.SetWriteDeadline(time.Now().Add(time.Second))
		_, err := r.Write(rows)
		return err
	})
	m := v.metrics()
	t.Logf("when all have sent, %d MiB are resident and %.0f counted", v.status("VmRSS")>>20, m["penstock_client_memory_bytes"]/mebi)
	if m["penstock_client_memory_bytes"] > 1.05*m["penstock_client_memory_limit_bytes"] {
		t.Errorf("%.0f MiB are counted; the limit is %.0f", m["penstock_client_memory_bytes"]/mebi, m["penstock_client_memory_limit_bytes"]/mebi)
	}
	c.together(func(r *raw) error { return r.sip(20_000, 4*time.Second) })
	t.Logf("%d sockets asked", filled)
	v.mustLive()
	v.mustKeep(p)
	stop()
	h.mustBeWell()
	c.leave()
	v.mustRest(before)
}

// TestSmallMessagesAreNotDropped has half of a small message wait on healthy
// sockets while others exhaust the memory for half-read ones: these go first.
func TestSmallMessagesAreNotDropped(t *testing.T) {
	v := startVictim(t, tight, "--memory-limit=256MiB")
	before := v.holdings()
	q := questions(t, "")
	open := func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") }
	// Large messages that are done with: what they needed may be used again.
	large := gather(t, 60, open)
	small := gather(t, 60, func() (*raw, error) { return v.webSocket("127.0.0.150", "/ws/predict") })
	keys, request := frame(opText, unknownKeys("")), frame(opBinary, q[0].binary)
	last := len(keys) - 1000
	large.together(func(r *raw) error { return r.send(keys[:last]) })
	pause(time.Second)
	parallel(len(large.all), len(large.all), func(i int) {
		_ = large.all[i].send(keys[last:])
		_, _ = large.all[i].read(patience)
		_ = small.all[i].send(request[:400])
	})
	pause(200 * time.Millisecond)
	m := v.metrics()
	t.Logf("clients hold %.1f MiB with 120 sockets and 60 half messages of 400 bytes", m["penstock_client_memory_bytes"]/mebi)
	half := frame(opBinary, make([]byte, mebi))[:900<<10]
	others := gather(t, 300, open)
	others.each(func(r *raw) error {
		_ = r.SetWriteDeadline(time.Now().Add(time.Second))
		_, err := r.Write(half)
		return err
	})
	small.mustAnswer("with half of a small message", request[400:], &q[0])
	for _, c := range []*crowd{large, small, others} {
		c.leave()
	}
	v.mustRest(before)
}

// TestOwedRepliesLeaveRoomForOthers has one caller be owed all that there is
// room for, in ever smaller pieces, and take a little of it every second, so
// that it counts as reading.
func TestOwedRepliesLeaveRoomForOthers(t *testing.T) {
	v := startVictim(t, tight, memoryFlag, "--model=../weights/digits", "--model="+writeBundle(t, "wide", 1, 1000))
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	p, stop := v.watch()
	c := gather(t, 1200, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
	sizes := []int{515, 100, 20, 2}
	errs := make([]error, len(c.all))
	parallel(len(c.all), len(c.all), func(i int) {
		part := i * len(sizes) / len(c.all)
		pause(time.Duration(part) * time.Second) // when there is no room for more of the larger ones
		rows := sizes[part]
		request := frame(opBinary, binaryRequest(rows, 1, make([]byte, rows)))
		if errs[i] = c.all[i].send(bytes.Repeat(request, 1+1000/rows)); errs[i] == nil {
			errs[i] = c.all[i].sip(10_000, 8*time.Second)
		}
	})
	alive := make([]int, len(sizes))
	why := make([]error, len(sizes))
	for i, err := range errs {
		part := i * len(sizes) / len(errs)
		if err == nil {
			alive[part]++
		} else {
			why[part] = err
		}
	}
	m := v.metrics()
	t.Logf("of those with answers of %v rows, %d sockets were not cut off, the others for %v", sizes, alive, why)
	t.Logf("%.0f MiB are counted, %v requests were shed", m["penstock_client_memory_bytes"]/mebi, m["penstock_requests_shed_total"])
	v.mustKeep(p)
	stop()
	h.mustBeWell()
	c.leave()
	v.mustRest(before)
}
