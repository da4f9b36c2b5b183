//go:build linux

package chaos_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestFloodsAreCutOff sends what costs a client nothing as fast as it can, from
// eight sockets: who does not stop is closed with 1008, and what it was sent by
// then is little.
func TestFloodsAreCutOff(t *testing.T) {
	const sockets, most = 8, 4 << 20 // bytes sent down to each
	v := startVictim(t, limits{})
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	for _, c := range []struct {
		name    string
		message []byte
	}{
		{"text ping", text("ping")},
		{"JSON ping", text(`{"type":"ping"}`)},
		{"control ping", frame(opPing, nil)},
		{"hello", text(`{"type":"hello"}`)},
		{"auth", text(`{"type":"auth","token":"x"}`)},
		{"no JSON", text(`x`)},
		{"binary rubbish", frame(opBinary, []byte{7})},
		{"wrong rows", text(`{"features":[1],"request_id":1}`)},
		{"unknown label", text(`{"type":"feedback","request_id":1,"label":"7"}`)},
		{"unknown cancel", text(`{"type":"cancel","request_id":1}`)},
	} {
		crowd := gather(t, sockets, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/predict") })
		many := bytes.Repeat(c.message, 200)
		down := make([]int64, len(crowd.all))
		errs := make([]error, len(crowd.all))
		parallel(len(crowd.all), len(crowd.all), func(i int) {
			down[i], errs[i] = crowd.all[i].flood(many, 3*time.Second)
		})
		t.Logf("%s: %d of %d closed with 1008, first %v; at most %d KiB down to one", c.name, closedWith(errs, 1008), sockets, errs[0], maxOf(down)>>10)
		if n := closedOrReset(errs); n < sockets {
			t.Errorf("%s: %d of %d sockets may go on", c.name, sockets-n, sockets)
		}
		if maxOf(down) > most {
			t.Errorf("%s: %d KiB were sent to one socket; want %d at most", c.name, maxOf(down)>>10, most>>10)
		}
		crowd.leave()
	}
	h.mustBeWell()
	v.mustRest(before)
}

// flood writes while it reads, and returns how much came and what ended it.
func (r *raw) flood(b []byte, d time.Duration) (down int64, err error) {
	written := make(chan struct{})
	go func() { defer close(written); _ = r.pour(b, d) }()
	down, err = r.drain(d)
	_ = r.SetWriteDeadline(time.Now())
	<-written
	return down, err
}

// closedOrReset counts the sockets that the victim ended. One that still sends
// when its close frame comes may see a reset in its place.
func closedOrReset(errs []error) (n int) {
	for _, err := range errs {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			n++
		}
	}
	return n
}

func maxOf(values []int64) (most int64) {
	for _, v := range values {
		most = max(most, v)
	}
	return most
}

// TestHostileNumbers reports what texts of numbers cost that are hard to read,
// beside plain ones, and checks that they are answered.
func TestHostileNumbers(t *testing.T) {
	// A model that costs nothing, so that what is seen is the reading.
	v := startVictim(t, limits{}, "--workers=1", "--model="+writeBundle(t, "tiny", 784, 2))
	before := v.holdings()
	plain := 0.0
	for _, number := range []string{
		"0.5", "7e-46", "1.1754943e-38", "1.401298464324817e-45", "3.4028234e-30", "0.12345678901234567",
		"0.1234567890123456789012345678901234567890", "1234567890123456789e-19", "5e-324", "0e999999",
	} {
		row := "[" + strings.TrimSuffix(strings.Repeat(number+",", 784), ",") + "]"
		rows := min(200, (mebi-200)/(len(row)+1))
		message := text(`{"features":[` + strings.TrimSuffix(strings.Repeat(row+",", rows), ",") + `]}`)
		perMiB := v.costPerMiB(message, `"prediction"`)
		if plain == 0 {
			plain = perMiB
		}
		t.Logf("%-45s %6.1f ms of processor for a MiB, × %.1f", number, perMiB, perMiB/plain)
	}
	for name, c := range map[string]struct{ message, answer string }{
		"empty strings":  {`{"features":[` + strings.Repeat(`"",`, 340_000) + `""]}`, "bad_features"},
		"a bad entry":    {`{"features":[null,` + strings.Repeat(`7e-46,`, 170_000) + `1]}`, "bad_features"},
		"too wide":       {`{"features":[` + strings.Repeat(`7e-46,`, 170_000) + `1]}`, "bad_features"},
		"100,000 keys":   {string(unknownKeys("")), "bad_"},
		"deep":           {`{"features":` + strings.Repeat("[", 1_000_000), "bad_"},
		"a long integer": {`{"features":[` + strings.Repeat("9", 1_000_000) + `]}`, "bad_features"},
	} {
		perMiB := v.costPerMiB(text(c.message), c.answer)
		t.Logf("%-45s %6.1f ms of processor for a MiB, × %.1f", name, perMiB, perMiB/plain)
	}
	v.mustRest(before)
}

// costPerMiB sends a message again and again, one at a time, and returns the
// milliseconds of processor time that the victim spent on a MiB of it. It checks
// every answer.
func (v *victim) costPerMiB(message []byte, want string) float64 {
	v.t.Helper()
	r, err := v.webSocket(attackerFrom, "/ws/predict")
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Close()
	began, bytesSent := v.processor(), 0
	const most = 400 // messages: with too many errors a socket is closed
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end) && bytesSent < most*len(message); bytesSent += len(message) {
		if err := r.send(message); err != nil {
			v.t.Fatal(err)
		}
		if answer, err := r.read(patience); err != nil || !bytes.Contains(answer, []byte(want)) {
			v.t.Fatalf("answer %.200s, %v; want %s", answer, err, want)
		}
	}
	return float64((v.processor() - began).Microseconds()) / 1000 / (float64(bytesSent) / mebi)
}

// TestNotesDoNotMultiply has three hundred dashboards leave as many notes as each
// may, and type all the time: what comes out is bounded for all together.
func TestNotesDoNotMultiply(t *testing.T) {
	const dashboards, seconds = 300, 5
	// What all may leave together, in the rounds that they see of it, with those
	// that were kept from before.
	const notesMost, typingMost = 20 + 5*(seconds+3), 10 + 10*(seconds+3)
	v := startVictim(t, limits{})
	before := v.holdings()
	h := startHealthy(v, questions(t, ""), false)
	c := gather(t, dashboards, func() (*raw, error) { return v.webSocket(attackerFrom, "/ws/dashboard") })
	tallies := make([]tally, len(c.all))
	parallel(len(c.all), len(c.all), func(i int) { tallies[i] = c.all[i].gossip(i, seconds*time.Second) })
	var all tally
	for _, one := range tallies {
		all = tally{max(all.notes, one.notes), max(all.typing, one.typing), all.bytes + one.bytes}
	}
	t.Logf("at most %d notes and %d times typing to one dashboard; %.1f MB to all", all.notes, all.typing, float64(all.bytes)/1e6)
	if all.notes == 0 {
		t.Error("no note came")
	}
	if all.notes > notesMost || all.typing > typingMost {
		t.Errorf("%d notes and %d times typing came to one dashboard; want at most %d and %d", all.notes, all.typing, notesMost, typingMost)
	}
	h.mustBeWell()
	c.leave()
	v.mustRest(before)
}

// tally is what came to a dashboard.
type tally struct{ notes, typing, bytes int }

// gossip leaves notes and types, and counts what comes. It says what is much
// for one and not yet an offence.
func (r *raw) gossip(number int, d time.Duration) (got tally) {
	end := time.Now().Add(d)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := 0; time.Now().Before(end); i++ {
			if i%10 == 0 {
				_ = r.send(text(fmt.Sprintf(`{"type":"note","text":"%d %s"}`, number, strings.Repeat("n", 450))))
			}
			_ = r.send(text(`{"type":"typing"}`))
			pause(100 * time.Millisecond)
		}
	}()
	for time.Now().Before(end) {
		message, err := r.read(time.Until(end) + time.Second)
		if err != nil {
			break
		}
		got.bytes += len(message)
		switch {
		case bytes.HasPrefix(message, []byte(`{"type":"note"`)):
			got.notes++
		case bytes.HasPrefix(message, []byte(`{"type":"typing"`)):
			got.typing++
		}
	}
	<-written
	return got
}
