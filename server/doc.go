// Package server puts models behind HTTP and WebSockets: who may ask, how a
// request finds its model and its reply its socket, what is refused, how service
// ends.
//
// Sockets are server/socket's: one reader and one gathered writer per
// connection, heartbeats, what each may hold. The predict front gives a request's
// reply to the socket's outbox, from the worker that made it, and waits for
// nobody: a client that does not read holds up itself alone.
//
// The package decides nothing about batches (inference), labels (quality) or
// metrics (monitor), and does not know how a message is spelt (protocol).
package server
