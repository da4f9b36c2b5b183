// Package protocol is the wire: one sealed set of messages, how they are read
// and written as JSON, and one table of error and close codes that server,
// clients and documents share. docs/protocol.md is its public text.
//
// The way of a prediction, [Decoder] down and [AppendPrediction] up, is
// strict and does not allocate: numbers are read straight into the row and
// correctly rounded, and what encoding/json would silently accept (null in a
// row, duplicate keys, keys in another case, text that is not UTF-8) is
// refused. Rare messages from a server are read with encoding/json.
//
// The package knows no socket, no model and no pool.
package protocol
