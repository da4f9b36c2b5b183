package server

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

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
	notesLeft, typingLeft *rate.Limiter // for all

	mu       sync.Mutex
	watchers []*watcher // in the order in which they came
	notes    events
	typing   events
	presence []byte // encoded; nil when someone came or went since
}

func newBoard() *board {
	return &board{
		notesLeft:  rate.NewLimiter(notesPerSecond, notesAtOnce),
		typingLeft: rate.NewLimiter(typingPerSecond, typingAtOnce),
		notes:      events{kept: notesKept}, typing: events{kept: typingKept},
	}
}

// events are the newest frames of a kind.
type events struct {
	kept   int
	frames []event // oldest first
	ever   uint64  // put up so far
}

type event struct {
	frame []byte
	from  *watcher // who is not sent it; nil for none
}

func (e *events) put(frame []byte, from *watcher) {
	if len(e.frames) == e.kept {
		e.frames = slices.Delete(e.frames, 0, 1)
	}
	e.frames = append(e.frames, event{frame, from})
	e.ever++
}

// after returns those that came after the first seen, and how many of these are
// gone.
func (e *events) after(seen uint64) (frames []event, gone uint64) {
	fresh := e.ever - seen
	gone = fresh - min(fresh, uint64(len(e.frames)))
	return e.frames[len(e.frames)-int(fresh-gone):], gone
}

// without forgets who sent what: a watcher that has left.
func (e *events) without(w *watcher) {
	for i := range e.frames {
		if e.frames[i].from == w {
			e.frames[i].from = nil
		}
	}
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

// leave removes a watcher, if it has joined.
func (b *board) leave(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.watchers, w); i >= 0 {
		b.watchers = slices.Delete(b.watchers, i, i+1)
		b.presence = nil
	}
	b.typing.without(w)
}

// all appends those who watch to list.
func (b *board) all(list []*watcher) []*watcher {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append(list, b.watchers...)
}

// note keeps a note and shows it to everybody, its author included.
func (b *board) note(author, text string) *protocol.Error {
	if err := manners.Limited(b.notesLeft, "too many notes by all together"); err != nil {
		return err
	}
	frame := protocol.Encode(protocol.Note{
		Type: "note", Text: text, Author: author,
		Time: time.Now().UTC().Format(protocol.TimeFormat),
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes.put(frame, nil)
	return nil
}

// tell says to the others that somebody writes a note, unless many do.
func (b *board) tell(from *watcher) {
	if !b.typingLeft.Allow() {
		return
	}
	frame := protocol.Encode(protocol.Typing{Type: "typing", User: from.user})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.typing.put(frame, from)
}

// news appends to list the frames that w has not seen, and returns how many
// notes it will never see.
func (b *board) news(w *watcher, list [][]byte) (news [][]byte, gone uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	notes, gone := b.notes.after(w.seen.notes)
	typing, _ := b.typing.after(w.seen.typing)
	for _, e := range slices.Concat(notes, typing) {
		if e.from != w {
			list = append(list, e.frame)
		}
	}
	w.seen = seen{b.notes.ever, b.typing.ever}
	return list, gone
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
	sockets := make(map[string]int)
	for _, w := range b.watchers {
		sockets[w.user]++
	}
	frame := protocol.Presence{Type: "presence", Watching: len(b.watchers), Users: []protocol.PresentUser{}}
	for user, n := range sockets {
		frame.Users = append(frame.Users, protocol.PresentUser{User: user, Sockets: n})
	}
	sort.Slice(frame.Users, func(i, j int) bool { return strings.Compare(frame.Users[i].User, frame.Users[j].User) < 0 })
	frame.Users = frame.Users[:min(len(frame.Users), presentShown)]
	b.presence = protocol.Encode(frame)
	return b.presence
}
