package audience

import (
	"errors"
	"slices"
)

// Guest is whose a connection is, and what he may. An access.Session is one.
type Guest interface {
	// User is the guest's name, which never changes.
	User() string
	// MayJoin reports whether the guest may be in a group now.
	MayJoin(group string) bool
	// Ended reports whether the guest is not to be told anything any more.
	Ended() bool
}

// Peer is a connection. Its methods are called one after the other, do not wait, and
// call no Audience.
type Peer interface {
	// Tell takes a message, unless the connection ends or is too far behind. It
	// reports whether it has.
	Tell(message []byte) bool
	// Joined and Left say that from now on messages of a group are for the connection,
	// and that they are not. Each may come again without the other between.
	Joined(group string)
	Left(group string)
}

// Member is a connection among the audience, until it leaves.
type Member struct {
	audience *Audience
	guest    Guest
	peer     Peer
	user     seat
	groups   []*seat // guarded by Audience.mu, as are all seats
	gone     bool
}

// circle is all members of a user or of a group. It is there as long as it has some.
type circle struct {
	name  string
	of    map[string]*circle // that it is in
	seats []*seat            // in no order
	group bool
}

// seat is a member's place in a circle. It knows where it is, so that leaving costs the
// same however many there are: all who are anonymous are one user.
type seat struct {
	member *Member
	circle *circle
	at     int
}

// lost reports whether the member may not be in this circle any more.
func (s *seat) lost() bool { return s.circle.group && !s.member.guest.MayJoin(s.circle.name) }

func (s *seat) sit(of map[string]*circle, name string, group bool) {
	c := of[name]
	if c == nil {
		c = &circle{name: name, of: of, group: group}
		of[name] = c
	}
	s.circle, s.at = c, len(c.seats)
	c.seats = append(c.seats, s)
}

func (s *seat) rise() {
	c, last := s.circle, len(s.circle.seats)-1
	c.seats[s.at] = c.seats[last]
	c.seats[s.at].at = s.at
	c.seats[last] = nil
	if c.seats = c.seats[:last]; last == 0 {
		delete(c.of, c.name)
	}
}

// Enter adds a connection, and hands it what waits for its user. It must leave.
func (a *Audience) Enter(guest Guest, peer Peer) *Member {
	m := &Member{audience: a, guest: guest, peer: peer}
	m.user.member = m
	a.mu.Lock()
	defer a.mu.Unlock()
	m.user.sit(a.users, guest.User(), false)
	if !guest.Ended() {
		a.counts.Delivered += a.away.deliver(guest.User(), peer)
	}
	return m
}

// Leave ends the membership, that in groups too. The peer is not called any more.
func (m *Member) Leave() {
	m.audience.mu.Lock()
	defer m.audience.mu.Unlock()
	if m.gone {
		return
	}
	m.gone = true
	m.user.rise()
	for _, s := range m.groups {
		s.rise()
	}
	m.groups = nil
}

// Why a group was not joined.
var (
	ErrForbidden  = errors.New("the token does not allow this group; /api/me has those that it does")
	ErrManyGroups = errors.New("this connection is in as many groups as it may be; leave one first")
)

// Join adds the connection to a group, and says so to its peer; also where it was a
// member before. The error is ErrForbidden or ErrManyGroups.
func (m *Member) Join(group string) error {
	a := m.audience
	a.mu.Lock()
	defer a.mu.Unlock()
	s := m.find(group)
	if m.gone || !m.guest.MayJoin(group) {
		if s != nil {
			m.drop(s)
		}
		return ErrForbidden
	}
	if s == nil {
		m.dropLost() // which may make room
		if len(m.groups) >= a.opt.MaxGroups {
			return ErrManyGroups
		}
		s = &seat{member: m}
		s.sit(a.groups, group, true)
		m.groups = append(m.groups, s)
	}
	m.peer.Joined(group)
	return nil
}

// Part takes the connection out of a group, and says so to its peer; also where it was
// no member.
func (m *Member) Part(group string) {
	m.audience.mu.Lock()
	defer m.audience.mu.Unlock()
	if m.gone {
		return
	}
	if s := m.find(group); s != nil {
		m.drop(s)
		return
	}
	m.peer.Left(group)
}

// In reports whether the connection is a member of a group.
func (m *Member) In(group string) bool {
	m.audience.mu.Lock()
	defer m.audience.mu.Unlock()
	m.dropLost()
	return m.find(group) != nil
}

// Reconsider ends the membership in groups that the guest may not be in any more.
func (m *Member) Reconsider() {
	m.audience.mu.Lock()
	defer m.audience.mu.Unlock()
	m.dropLost()
}

// find returns the seat in a group. The caller holds the audience's mutex, as for what
// follows.
func (m *Member) find(group string) *seat {
	for _, s := range m.groups {
		if s.circle.name == group {
			return s
		}
	}
	return nil
}

func (m *Member) dropLost() {
	for _, s := range slices.Clone(m.groups) {
		if s.lost() {
			m.drop(s)
		}
	}
}

// drop ends the membership in a group.
func (m *Member) drop(s *seat) {
	s.rise()
	m.groups = slices.DeleteFunc(m.groups, func(one *seat) bool { return one == s })
	m.peer.Left(s.circle.name)
}
