//go:build !unix

package socket

import "net"

// newRawReader knows no way to read a socket without holding a buffer
// meanwhile: inboxes read straight into their reader's.
func newRawReader(net.Conn) rawReader { return nil }

// newRawWriter knows no way to write to a socket without waiting.
func newRawWriter(net.Conn) rawWriter { return nil }
