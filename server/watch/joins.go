package watch

import (
	"penstock/protocol"
	"penstock/server/manners"
)

// joinsAtOnce is how many groups a dashboard may join at once, then one a second: each
// has its notes replayed.
const joinsAtOnce = 20

// join makes the watcher a member of a group. The answer is Joined's.
func (c *watcher) join(group string) *protocol.Error {
	if err := manners.Limited(c.joins, "too many groups joined"); err != nil {
		return err
	}
	if err := c.member.Join(group); err != nil {
		return c.all.opt.Refuse(err)
	}
	return nil
}

// Tell implements audience.Peer.
func (c *watcher) Tell(message []byte) bool { return c.Push(message) }

// Joined implements audience.Peer: it answers, and has the next round send what the
// group has.
func (c *watcher) Joined(group string) {
	c.all.board.enter(c, group)
	c.Conn.Tell(protocol.Encode(protocol.Membership{Type: "joined", Group: group}))
}

// Left implements audience.Peer.
func (c *watcher) Left(group string) {
	c.all.board.exit(c, group)
	c.Conn.Tell(protocol.Encode(protocol.Membership{Type: "left", Group: group}))
}
