// Package audience knows who is connected as which user, and which groups each of
// these connections has joined. It hands messages to all of a user or of a group, and
// keeps for a while what a user missed who was away.
//
// Telling never waits: a connection that is too far behind does not take the message,
// and is counted. A message reaches a connection at most once. What waits for a user is
// handed to the first connection that comes, oldest first, and is gone then; it is
// bounded in number, time, users and bytes, and does not outlive the process.
//
// Who may join a group is asked whenever it matters, not when one joins alone: a
// connection whose token does not allow a group any more has left it when the next
// message for that group comes.
//
// The package does not know what messages say, nor how connections carry them.
//
// Locks: an Audience's is held while a Peer is called, which takes those of watch's
// board and of an outbox, and calls no Audience.
package audience
