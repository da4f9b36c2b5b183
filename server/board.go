package server

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"penstock/protocol"
)

const (
	notesKept    = 50  // replayed to those who join
	presentShown = 100 // users named in a presence frame
)

// board is what dashboards share: notes on the timeline, who watches, and who
// writes.
type board struct {
	mu       sync.Mutex
	watchers []*watcher // in the order in which they came
	notes    [][]byte   // encoded, oldest first
	presence []byte     // encoded; nil when someone came or went since
}

func newBoard() *board { return &board{} }

// join adds a watcher and appends the notes to what it is sent.
func (b *board) join(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers = append(b.watchers, w)
	b.presence = nil
	for _, note := range b.notes {
		w.outbox.append(opText, note)
	}
}

// leave removes a watcher, if it has joined.
func (b *board) leave(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.watchers, w); i >= 0 {
		b.watchers = slices.Delete(b.watchers, i, i+1)
		b.presence = nil
	}
}

// all appends those who watch to list.
func (b *board) all(list []*watcher) []*watcher {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append(list, b.watchers...)
}

// note keeps a note and shows it to everybody, its author included.
func (b *board) note(author, text string) {
	frame := protocol.Encode(protocol.Note{
		Type: "note", Text: text, Author: author,
		Time: time.Now().UTC().Format(protocol.TimeFormat),
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.notes) == notesKept {
		b.notes = slices.Delete(b.notes, 0, 1)
	}
	b.notes = append(b.notes, frame)
	for _, w := range b.watchers {
		w.offer(frame)
	}
}

// typing tells the others that somebody writes a note.
func (b *board) typing(from *watcher) {
	frame := protocol.Encode(protocol.Typing{Type: "typing", User: from.user})
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.watchers {
		if w != from {
			w.offer(frame)
		}
	}
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
