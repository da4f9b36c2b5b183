// Package socket is a WebSocket transport for servers with many connections,
// each of which asks often and is answered by somebody else: workers that must
// never wait for a peer. It knows no model and no JSON.
//
// # A connection
//
// A Hub knows every Conn. [Hub.Enter] takes a Place before the handshake,
// [Hub.Upgrade] turns the place into a Conn, [Conn.Start] gives it a goroutine:
//
//	place, err := hub.Enter(socket.Visitor{Share: caller, Caller: caller})
//	conn, err := hub.Upgrade(w, r, place, socket.Endpoint{MaxMessageBytes: 1 << 20})
//	conn.Start(func() { conn.Messages(socket.Handler{Message: handle}) })
//
// Three kinds of goroutine work on a Conn:
//
//   - its reader, which is that of Start: it reads messages, calls Handler, ends
//     the connection, and is the only one to close it;
//   - its writer, which exists while there is something to write, and is the only
//     one to write meanwhile; a reader that would wait anyway writes itself;
//   - everybody else: workers that append answers to the [Outbox], the hub's one
//     goroutine, which keeps all heartbeats. None of them ever waits for a peer.
//
// # The life of a frame
//
// A frame is appended to the Outbox, under its mutex and in memory that is
// shared by all connections, whole or not at all. It leaves with the next flush:
// that of the worker when its batch is done, or the reader's when it has no more
// input. All frames that gathered meanwhile leave in one system call. An answer
// that takes long to write down (LongReply) is appended as a [Late], and written
// down by the writer when its turn comes. A write that fails, or a peer that takes
// nothing for WriteTimeout, ends the connection, and what is left is thrown away.
//
// # Requests
//
// Whoever answers requests enters them into the outbox when they come, and their
// answers when they are there, from any goroutine (see debts.go). The outbox's lock
// is lent to what belongs in the same step: a table of ids, say.
//
//	func (c *client) take(r *request) error { // on the reader's goroutine
//		o := c.conn.Outbox()
//		if r.debt.Frame > o.MaxFrame() {
//			return errTooLarge // it would wait for ever
//		}
//		o.Lock()
//		defer o.Unlock()
//		if !o.Fits(r.debt) {
//			c.conn.DropMessage() // it has been decoded
//			if !o.WaitRoom(r.debt) {
//				return errNoMemory
//			}
//		}
//		if !o.Take(r.debt) {
//			return errNoMemory
//		}
//		c.pending.add(r)
//		return nil
//	}
//
//	func (c *client) answer(r *request) { // on a worker's
//		o := c.conn.Outbox()
//		o.Lock()
//		defer o.Unlock()
//		c.pending.remove(r)
//		switch {
//		case !o.Open():
//			o.Forgive(r.debt)
//		case r.debt.Frame > socket.LongReply:
//			o.AnswerLate(r, socket.Text, r.debt) // r.Append is called by the writer
//		default:
//			o.Answer(r.append(o.Begin()), socket.Text, r.debt)
//		}
//	}
//
// and, when the batch is done, c.conn.Outbox().Flush().
//
// # What is bounded by what
//
//   - connections: by Options.MaxConns, those of one caller by MaxPerCaller, and
//     both by the budget, which each takes Cost from, and over TLS LayerCost;
//   - a message: by Endpoint.MaxMessageBytes. It takes memory as it comes, not as it
//     announces, from the budget, which drops the dearest half-read message when
//     it has no more; and it must have come ten seconds after its first byte;
//   - answers to requests: by Options.MaxReplyBytes a connection and by the budget:
//     a request is let in ([Outbox.Take]) with room for its longest answer;
//   - what others send unasked ([Conn.Push]): 128 KiB while the peer takes what came
//     before;
//   - all else that is sent: by the reader, which stops while 256 KiB wait;
//   - silence: a peer is pinged after 25 s of it, and gone 10 s later.
//
// An idle connection holds no buffer of any kind; over TLS its reader waits with
// 512 bytes, and TLS with the room of the last record.
//
// # TLS
//
// It cannot go on after a write that failed, be it for a deadline. So the waiting for
// a peer that takes only a part is done beneath it (see layered.go), and all that is
// said here of slow peers holds over TLS as well.
//
// # Ends
//
// A connection's phase only goes forward (see state.go). From the gentlest end to
// the hardest:
//
//   - [Conn.Part], by the reader: the message at hand is finished, requests that
//     were taken are answered, then a close frame;
//   - [Conn.Goodbye], by anybody: a close frame follows what was appended before,
//     and messages are not acted on any more; the peer has two seconds to answer;
//   - [Conn.Expel]: a goodbye, and what the peer sends meanwhile is not even read;
//   - the peer is gone, or the budget needs the memory of its message: the reader
//     stops;
//   - the hub has waited long enough (Hub.Close): nothing is waited for.
//
// Whatever the end, the reader returns from Messages, what the outbox holds is
// written while the peer goes on taking it, then the connection is closed and its
// Place released.
//
// # Order of locks
//
// The hub's mutex before an outbox's; an outbox's before the budget's, which calls
// back (to drop a message) without any lock of a Conn. Who holds an outbox may
// take locks of inner rooms, such as that of a pool of workers; a pool must then
// not call a Conn while it holds its own.
//
// # coder/websocket
//
// It does the handshake, reads messages in fragments, and answers control
// frames. Whole messages, nearly all of them, are taken from the socket here, and
// everything is written here. Its traps: an expired context closes the
// connection, and Close can hang on a peer that stalled in the middle of a frame,
// so deadlines are set on the net.Conn and neither is used; names of subprotocols
// are compared without case; frames without a mask, or with a length in more
// bytes than it needs, pass it (see frameMeter); what it says of a message that is
// too large names the limit and one; it echoes a close reason that is no UTF-8.
package socket
