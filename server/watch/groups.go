package watch

import (
	"container/list"
	"slices"
)

// Notes of groups are kept for those who join later, of so many groups and in so many
// bytes. Beyond, those of the group go that was written in, or joined, longest ago.
const (
	mostNoted     = 256
	mostNoteBytes = 4 << 20
)

// groups are what dashboards share that have joined the same group. They are part of
// the board, whose mutex guards them.
type groups struct {
	byName map[string]*group // those with watchers or notes
	noted  *list.List        // of *group, those with notes, the one used longest ago first
	bytes  int               // of all notes
}

type group struct {
	name     string
	watchers []*watcher // in the order in which they came
	notes    events
	noted    *list.Element // nil without notes
	presence []byte        // encoded; nil when someone came or went since
}

// place is a watcher's in a group.
type place struct {
	group    *group
	notes    uint64 // seen
	presence *byte  // first byte of the presence frame sent last
}

func newGroups() groups {
	return groups{byName: make(map[string]*group), noted: list.New()}
}

func (gs *groups) get(name string) *group {
	g := gs.byName[name]
	if g == nil {
		g = &group{name: name, notes: events{kept: notesKept}}
		gs.byName[name] = g
	}
	return g
}

// release forgets a group that nobody watches and that has no notes.
func (gs *groups) release(g *group) {
	if len(g.watchers) == 0 && g.noted == nil {
		delete(gs.byName, g.name)
	}
}

// put keeps a note.
func (gs *groups) put(f Frame) {
	g := gs.get(f.Group)
	if g.noted == nil {
		g.noted = gs.noted.PushBack(g)
	}
	gs.noted.MoveToBack(g.noted)
	before := g.notes.bytes()
	g.notes.put(f)
	gs.bytes += g.notes.bytes() - before
	for gs.noted.Len() > mostNoted || gs.bytes > mostNoteBytes && gs.noted.Len() > 1 {
		gs.clear(gs.noted.Front().Value.(*group)) //nolint:forcetypeassert // put alone fills the list
	}
}

// clear forgets the notes of a group.
func (gs *groups) clear(g *group) {
	gs.bytes -= g.notes.bytes()
	g.notes.frames = nil
	gs.noted.Remove(g.noted)
	g.noted = nil
	gs.release(g)
}

// remove takes a watcher out of its place.
func (gs *groups) remove(w *watcher, p *place) {
	w.groups = slices.DeleteFunc(w.groups, func(one *place) bool { return one == p })
	g := p.group
	g.watchers = slices.DeleteFunc(g.watchers, func(one *watcher) bool { return one == w })
	g.presence = nil
	gs.release(g)
}

func (w *watcher) placeIn(group string) *place {
	for _, p := range w.groups {
		if p.group.name == group {
			return p
		}
	}
	return nil
}

// enter makes a watcher a member of a group, if it is none. It will be sent the group's
// notes.
func (b *board) enter(w *watcher, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.placeIn(name) != nil {
		return
	}
	g := b.groups.get(name)
	g.watchers, g.presence = append(g.watchers, w), nil
	w.groups = append(w.groups, &place{group: g, notes: g.notes.ever - uint64(len(g.notes.frames))})
	if g.noted != nil {
		b.groups.noted.MoveToBack(g.noted)
	}
}

// exit takes a watcher out of a group, if it is a member.
func (b *board) exit(w *watcher, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := w.placeIn(name); p != nil {
		b.groups.remove(w, p)
	}
}

// news appends to list what w has not seen of its groups: at most as many notes as one
// group keeps, since whoever joins many has a lot to catch up on, and who is there where
// that has changed. It returns how many notes w will never see.
func (gs *groups) news(w *watcher, list [][]byte) (news [][]byte, gone uint64) {
	room := notesKept
	for _, p := range w.groups {
		notes, missed := p.group.notes.after(p.notes)
		notes = notes[:min(len(notes), room)]
		for _, f := range notes {
			list = append(list, f.Encoded)
		}
		room -= len(notes)
		gone += missed
		p.notes += missed + uint64(len(notes))
		if presence := p.group.present(); &presence[0] != p.presence {
			p.presence = &presence[0]
			list = append(list, presence)
		}
	}
	return list, gone
}

// present is board.present for a group.
func (g *group) present() []byte {
	if g.presence == nil {
		g.presence = encodePresence(g.name, g.watchers)
	}
	return g.presence
}
