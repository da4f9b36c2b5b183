// Package watch serves dashboards: it sends them what the monitor publishes, over
// WebSockets and as server-sent events, and what they share with each other: notes
// on the timeline, who writes one, and who watches.
//
// One goroutine, in [Dashboards.Run], sends all WebSockets their frames, in rounds
// that are spread over most of a second; a dashboard that does not keep up misses
// frames and is sent the newest. A stream of events is written by its own HTTP
// handler.
//
// Notes and typing go through a [Bus], which several machines could share. Who
// watches is told of this machine alone.
//
// The package measures nothing (monitor), accepts no connection (server) and does
// not know how a message is spelt (protocol).
//
// Locks: a watcher's before the board's and before its outbox's; a Bus may hold
// one of its own before the board's.
package watch
