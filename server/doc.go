// Package server puts models behind HTTP and WebSockets: handshake, limits,
// one reader and one gathered writer per connection, heartbeats, drain.
//
// coder/websocket does the handshake, reads messages in fragments, and answers
// control frames; whole messages, nearly all of them, are taken from the socket
// here. What it and we write goes through a link's outbox, which one goroutine
// empties while there is something in it: all replies of a batch for one socket
// leave in one system call, and a client that does not read holds up nobody but
// itself.
//
// The package decides nothing about batches (inference), labels (quality) or
// metrics (monitor), and does not know how a message is spelt (protocol).
package server
