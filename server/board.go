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
	watchers map[*watcher]struct{}
	notes    [][]byte // encoded, oldest first
	presence []byte   // encoded; nil when someone came or went since
}

func newBoard() *board { return &board{watchers: make(map[*watcher]struct{})} }

// join adds a watcher, replays the notes to it, and returns how many watched
// before.
func (b *board) join(w *watcher) (before int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before = len(b.watchers)
	b.watchers[w] = struct{}{}
	b.presence = nil
	for _, note := range b.notes {
		w.offer(note)
	}
	return before
}

func (b *board) leave(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.watchers, w)
	b.presence = nil
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
	for w := range b.watchers {
		w.offer(frame)
	}
}

// typing tells the others that somebody writes a note.
func (b *board) typing(from *watcher) {
	frame := protocol.Encode(protocol.Typing{Type: "typing", User: from.user})
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.watchers {
		if w != from {
			w.offer(frame)
		}
	}
}

// present returns the frame that says who watches. It is encoded once after
// each change for all who ask: watchers ask on every tick and send it when it
// is not the one that they sent last, so that a thousand who join at once do
// not cost a million frames.
func (b *board) present() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.presence != nil {
		return b.presence
	}
	sockets := make(map[string]int)
	for w := range b.watchers {
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
