package watch

import (
	"slices"
	"sort"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"penstock/lockorder"
	"penstock/protocol"
	"penstock/server/manners"
)

const (
	notesKept    = 50  // replayed to those who join
	typingKept   = 8   // events since the last round; nobody reads more names at once
	presentShown = 100 // users named in a presence frame

	// A note goes to every dashboard: what all may leave together is bounded, so
	// that a thousand of them cannot make a million frames.
	notesPerSecond, notesAtOnce   = 5, 20
	typingPerSecond, typingAtOnce = 10, 10
)

// board is what dashboards share: notes on the timeline, who watches, and who
// writes. What is put up here is sent with the rounds.
type board struct {
	bus                   Bus
	notesLeft, typingLeft *rate.Limiter // for all

	mu       lockorder.Mutex[lockorder.Board]
	watchers []*watcher // in the order in which they came
	notes    events
	typing   events
	groups   groups
	presence []byte // encoded; nil when someone came or went since
}

func newBoard(bus Bus) *board {
	return &board{
		bus:        bus,
		notesLeft:  rate.NewLimiter(notesPerSecond, notesAtOnce),
		typingLeft: rate.NewLimiter(typingPerSecond, typingAtOnce),
		notes:      events{kept: notesKept}, typing: events{kept: typingKept},
		groups: newGroups(),
	}
}

// events are the newest frames of a kind.
type events struct {
	kept   int
	frames []Frame // oldest first
	ever   uint64  // put up so far
}

func (e *events) put(frame Frame) {
	if len(e.frames) == e.kept {
		e.frames = slices.Delete(e.frames, 0, 1)
	}
	e.frames = append(e.frames, frame)
	e.ever++
}

func (e *events) bytes() (n int) {
	for _, f := range e.frames {
		n += len(f.Encoded)
	}
	return n
}

// after returns those that came after the first seen, and how many of these are
// gone.
func (e *events) after(seen uint64) (frames []Frame, gone uint64) {
	fresh := e.ever - seen
	gone = fresh - min(fresh, uint64(len(e.frames)))
	return e.frames[len(e.frames)-int(fresh-gone):], gone
}

// seen is how far a watcher has got.
type seen struct{ notes, typing uint64 }

// join adds a watcher. It will be sent the notes, and what is typed from now on.
func (b *board) join(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers = append(b.watchers, w)
	b.presence = nil
	w.seen = seen{notes: b.notes.ever - uint64(len(b.notes.frames)), typing: b.typing.ever}
}

// leave removes a watcher, if it has joined, from its groups too.
func (b *board) leave(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.watchers, w); i >= 0 {
		b.watchers = slices.Delete(b.watchers, i, i+1)
		b.presence = nil
	}
	for len(w.groups) > 0 {
		b.groups.remove(w, w.groups[0])
	}
}

// all appends those who watch to list.
func (b *board) all(list []*watcher) []*watcher {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append(list, b.watchers...)
}

// note keeps a note and shows it to everybody, or to all in a group, its author included.
func (b *board) note(author, text, group string) *protocol.Error {
	if err := manners.Limited(b.notesLeft, "too many notes by all together"); err != nil {
		return err
	}
	frame := protocol.Encode(protocol.Note{
		Type: "note", Text: text, Author: author,
		Time: time.Now().UTC().Format(protocol.TimeFormat), Group: group,
	})
	b.bus.Publish(Frame{Topic: Notes, Group: group, Encoded: frame})
	return nil
}

// tell says to the others that somebody writes a note, unless many do.
func (b *board) tell(from *watcher) {
	if !b.typingLeft.Allow() {
		return
	}
	frame := protocol.Encode(protocol.Typing{Type: "typing", User: from.user})
	b.bus.Publish(Frame{Topic: Typing, From: from.id, Encoded: frame})
}

// receive puts up what somebody published, on this machine or another.
func (b *board) receive(f Frame) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case f.Topic == Notes && f.Group != "":
		b.groups.put(f)
	case f.Topic == Notes:
		b.notes.put(f)
	case f.Topic == Typing:
		b.typing.put(f)
	}
}

// news appends to list the frames that w has not seen, and returns how many
// notes it will never see.
func (b *board) news(w *watcher, list [][]byte) (news [][]byte, gone uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	notes, gone := b.notes.after(w.seen.notes)
	typing, _ := b.typing.after(w.seen.typing)
	for _, f := range slices.Concat(notes, typing) {
		if f.From != w.id {
			list = append(list, f.Encoded)
		}
	}
	w.seen = seen{b.notes.ever, b.typing.ever}
	list, missed := b.groups.news(w, list)
	return list, gone + missed
}

// present returns the frame that says who watches. It is encoded once after
// each change, and every watcher is sent it on a tick when it is not the one
// that it was sent last, so that a thousand who join at once do not cost a
// million frames.
func (b *board) present() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.presence != nil {
		return b.presence
	}
	b.presence = encodePresence("", b.watchers)
	return b.presence
}

// encodePresence returns the frame that says who watches, of a group or, where that is
// empty, of all.
func encodePresence(group string, watchers []*watcher) []byte {
	sockets := make(map[string]int)
	for _, w := range watchers {
		sockets[w.user]++
	}
	frame := protocol.Presence{Type: "presence", Group: group, Watching: len(watchers), Users: []protocol.PresentUser{}}
	for user, n := range sockets {
		frame.Users = append(frame.Users, protocol.PresentUser{User: user, Sockets: n})
	}
	sort.Slice(frame.Users, func(i, j int) bool { return strings.Compare(frame.Users[i].User, frame.Users[j].User) < 0 })
	frame.Users = frame.Users[:min(len(frame.Users), presentShown)]
	return protocol.Encode(frame)
}
