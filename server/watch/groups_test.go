package watch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"penstock/protocol"
	"penstock/server/watch"
)

// receive sends a message, and returns what comes of some types until so many frames of
// metrics have.
func receive(t *testing.T, ws *websocket.Conn, message string, frames int, types ...string) (came []string) {
	t.Helper()
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
	for frames > 0 {
		_, text, err := ws.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(text), `{"type":"metrics"`) {
			frames--
		}
		for _, kind := range types {
			if strings.HasPrefix(string(text), `{"type":"`+kind+`"`) {
				came = append(came, string(text))
			}
		}
	}
	return came
}

// TestGroupsOfOneBus: notes in a group reach its members on every server, also those who
// join later, and nobody else.
func TestGroupsOfOneBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := watch.NewBus()
		here, there, outside := start(t, bus)(), start(t, bus)(), start(t, bus)()
		receive(t, here, `{"type":"join","group":"ops"}`, 2)
		receive(t, here, `{"type":"note","text":"shared","group":"ops"}`, 1)
		if came := receive(t, outside, `{"type":"join","group":"dev"}`, 3, "note"); len(came) > 0 {
			t.Errorf("who is in another group has %q", came)
		}
		if came := receive(t, there, `{"type":"join","group":"ops"}`, 5, "note", "presence"); len(came) != 3 ||
			!strings.Contains(strings.Join(came, ""), `"text":"shared"`) || !strings.Contains(strings.Join(came, ""), `{"type":"presence","group":"ops","watching":1`) {
			t.Errorf("who joins on another server has %q; want the note, and who is there", came)
		}
	})
}

// TestNotesOfGroupsAreBounded: of so many groups, in so many bytes. Those that nobody
// wrote in or joined for longest go.
func TestNotesOfGroupsAreBounded(t *testing.T) {
	long := strings.Repeat("<", protocol.MaxNote) // six bytes each on the wire
	for name, c := range map[string]struct{ groups, notes int }{"groups": {300, 1}, "bytes": {60, 50}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := watch.NewBus()
				ws := start(t, bus)()
				for g := range c.groups {
					for n := range c.notes {
						bus.Publish(watch.Frame{Topic: watch.Notes, Group: fmt.Sprint("g", g), Encoded: protocol.Encode(
							protocol.Note{Type: "note", Text: long, Author: fmt.Sprint(n), Group: fmt.Sprint("g", g)})})
					}
				}
				if came := receive(t, ws, `{"type":"join","group":"g0"}`, 3, "note"); len(came) > 0 {
					t.Errorf("the first group has %d notes; want none", len(came))
				}
				last := fmt.Sprint("g", c.groups-1)
				came := receive(t, ws, `{"type":"join","group":"`+last+`"}`, 3, "note")
				if len(came) != c.notes {
					t.Errorf("the last group has %d notes; want %d", len(came), c.notes)
				}
				for n, note := range came {
					if !strings.Contains(note, fmt.Sprintf(`"author":"%d"`, n)) {
						t.Errorf("note %d is %.100s", n, note)
					}
				}
			})
		})
	}
}
