package server_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"penstock/protocol"
)

// TestNotes reach every dashboard, their author included, and the last fifty
// those who join.
func TestNotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		author, reader := r.connect("/ws/dashboard"), r.connect("/ws/dashboard")
		author.expect(`{"type":"history",…`)
		reader.expect(`{"type":"history",…`)
		synctest.Wait()
		var came [60]time.Time
		for n := range came {
			author.send(fmt.Sprintf(`{"type":"note","text":" note %d <b>& "}`, n))
			want := fmt.Sprintf(`{"type":"note","text":" note %d \u003cb\u003e\u0026 ","author":"anonymous","time":"…Z"}`, n)
			author.skipTo(want)
			reader.skipTo(want)
			came[n] = time.Now()
		}
		later := r.connect("/ws/dashboard")
		later.expect(`{"type":"history",…`)
		for n := 10; n < 60; n++ {
			note := decode[protocol.Note](t, later.receive())
			if want := fmt.Sprintf(" note %d <b>& ", n); note.Text != want {
				t.Fatalf("who joins gets %+v; want %s", note, want)
			}
			if at, err := time.Parse(time.RFC3339, note.Time); err != nil || came[n].Sub(at) > 2*time.Second || at.After(came[n]) {
				t.Errorf("%+v is of the wrong time", note)
			}
		}
		for _, p := range []*peer{author, reader, later} {
			p.leave()
		}
	})
}

// TestNotesAreReplayedAfterALongHistory: ten minutes of frames are more than a
// dashboard may have waiting, which must not cost it the notes.
func TestNotesAreReplayedAfterALongHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		author := r.connect("/ws/dashboard")
		author.send(`{"type":"note","text":"it began here"}`)
		author.skipTo(`{"type":"note",…`)
		author.leave()
		time.Sleep(10 * time.Minute)
		later := r.connect("/ws/dashboard")
		if history := later.receive(); len(history) < 256<<10 {
			t.Fatalf("the history has %d bytes only", len(history))
		}
		later.expect(`{"type":"note","text":"it began here",…`)
		later.leave()
	})
}

func TestTypingTellsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		writer, reader := r.connect("/ws/dashboard"), r.connect("/ws/dashboard")
		writer.expect(`{"type":"history",…`)
		reader.expect(`{"type":"history",…`)
		synctest.Wait()
		writer.send(`{"type":"typing"}`)
		reader.skipTo(`{"type":"typing","user":"anonymous"}`)
		writer.send(`{"type":"note","text":"done"}`)
		for text := ""; !matches(text, `{"type":"note",…`); {
			if text = writer.receive(); matches(text, `{"type":"typing",…`) {
				t.Error("the writer was told that it writes")
			}
		}
		writer.leave()
		reader.leave()
	})
}

// TestPresence is told within a second of a change, and not again without one.
func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		staying := r.connect("/ws/dashboard")
		staying.skipTo(`{"type":"presence","watching":1,"users":[{"user":"anonymous","sockets":1}]}`)
		staying.expect(`{"type":"metrics",…`)
		staying.expect(`{"type":"metrics",…`)
		synctest.Wait() // until the next second's frame is all that it waits for
		coming := r.connect("/ws/dashboard")
		coming.skipTo(`{"type":"presence","watching":2,"users":[{"user":"anonymous","sockets":2}]}`)
		staying.expect(`{"type":"metrics",…`)
		staying.expect(`{"type":"presence","watching":2,…`)
		synctest.Wait()
		coming.leave()
		staying.expect(`{"type":"metrics",…`)
		staying.expect(`{"type":"presence","watching":1,…`)
		staying.expect(`{"type":"metrics",…`)
		staying.expect(`{"type":"metrics",…`)
		staying.leave()
	})
}

// TestNotesAreRateLimited: five at once, then one a second.
func TestNotesAreRateLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		d := r.connect("/ws/dashboard")
		for range 6 {
			d.send(`{"type":"note","text":"hello"}`)
		}
		d.skipTo(`{"type":"error","request_id":null,"code":"rate_limited","message":"…","retryable":true,"retry_after_ms":1000}`)
		for range 3 { // two at once, whatever the notes
			d.send(`{"type":"typing"}`)
		}
		d.skipTo(typedError("null", "rate_limited"))
		time.Sleep(time.Second)
		d.send(`{"type":"note","text":"hello"}`)
		d.skipTo(`{"type":"note",…`)
		other := r.connect("/ws/dashboard")
		other.send(`{"type":"note","text":"another's limit is its own"}`)
		d.skipTo(`{"type":"note","text":"another's…`)
		d.leave()
		other.leave()
	})
}

// TestNotesOfAllAreRateLimited: however many dashboards there are, what they
// leave together is bounded, since each note goes to all of them.
func TestNotesOfAllAreRateLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		var all []*peer
		for range 10 {
			all = append(all, r.connect("/ws/dashboard"))
		}
		synctest.Wait()
		refused := 0
		for i, d := range all {
			for n := range 5 {
				d.send(fmt.Sprintf(`{"type":"note","text":"%d of %d"}`, n, i))
			}
			d.send(`ping`)
			for text := ""; text != "pong"; {
				if text = d.receive(); matches(text, typedError("null", "rate_limited")) {
					refused++
				}
			}
		}
		if refused != 30 {
			t.Errorf("%d of 50 notes were refused; want all but 20", refused)
		}
		for _, d := range all {
			d.leave()
		}
	})
}
