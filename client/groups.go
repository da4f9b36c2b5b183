package client

import (
	"context"
	"errors"
	"maps"
	"slices"

	"penstock/protocol"
)

// Join makes the client one of a named group, whose notifications it then gets;
// see Options.OnNotification. It waits for a connection and for the server's
// answer, until ctx ends. The error is the server's (*protocol.Error, such as
// forbidden: the token does not allow the group), the connection's (*ConnError), or
// the context's; with the latter two the group may have been joined, and Leave makes
// sure that it is not.
//
// After a reconnect the client joins its groups again. If the server then refuses
// one, it is left, and OnNotice is told.
func (c *Client) Join(ctx context.Context, group string) error {
	q, err := groupQuestion("join", "joined", group)
	if err != nil {
		return err
	}
	q.granted = func() { c.setGroup(group, true) }
	return c.ask(ctx, q)
}

// Leave ends what Join began. Leaving a group that was not joined is no error of
// the client's. A connection that is lost meanwhile leaves its groups as well, so
// that then the error is nil.
func (c *Client) Leave(ctx context.Context, group string) error {
	q, err := groupQuestion("leave", "left", group)
	if err != nil {
		return err
	}
	had := c.setGroup(group, false) // so that a new connection does not join it again
	q.granted = func() { c.setGroup(group, false) }
	err = c.ask(ctx, q)
	var wire *protocol.Error
	var lost *ConnError
	switch {
	case errors.As(err, &lost) && !lost.Final:
		return nil
	case errors.As(err, &wire) && had:
		c.setGroup(group, true)
	}
	return err
}

func groupQuestion(kind, answer, group string) (*question, error) {
	if group == "" {
		return nil, protocol.Errorf(protocol.BadMessage, "the group has no name; expected one such as ops")
	}
	message := append([]byte(`{"type":"`), kind...)
	message = appendString(append(message, `","group":`...), group)
	return newQuestion(answer, group, append(message, '}')), nil
}

// ask asks on the connection that there is, or on the next one.
func (c *Client) ask(ctx context.Context, q *question) error {
	for {
		l, err := c.await(ctx)
		if err != nil {
			return err
		}
		if err := l.asking.ask(ctx, q); !errors.Is(err, errShut) {
			return err
		}
	}
}

// setGroup notes whether a group is to be joined again, and returns whether it was
// before.
func (c *Client) setGroup(group string, joined bool) (before bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, before = c.groups[group]
	if joined {
		c.groups[group] = struct{}{}
	} else {
		delete(c.groups, group)
	}
	return before
}

func (c *Client) inGroup(group string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.groups[group]
	return ok
}

func (c *Client) joinedGroups() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.groups))
}

// rejoin joins the groups of the last connection.
func (l *link) rejoin(ctx context.Context, groups []string) {
	waits := &backoff{min: l.c.opts.BackoffMin, max: l.c.opts.BackoffMax}
	for i := 0; i < len(groups); {
		group := groups[i]
		q, err := groupQuestion("join", "joined", group)
		if err == nil {
			q.dropped = func() bool { return !l.c.inGroup(group) }
			err = l.asking.ask(ctx, q)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && Retryable(err):
			if !pause(ctx, waits.next(RetryAfter(err))) {
				return
			}
			continue
		case err != nil:
			l.c.expelled(group, err)
		}
		i++
	}
}

// expelled forgets a group that the server no longer lets the client join.
func (c *Client) expelled(group string, err error) {
	c.setGroup(group, false)
	n := protocol.Notice{Type: "error", Message: err.Error()}
	var wire *protocol.Error
	if errors.As(err, &wire) {
		n.Code, n.Message = wire.Code.String(), wire.Message
	}
	n.Message = "group " + group + " was not joined again after a reconnect: " + n.Message
	c.notice(n)
}
