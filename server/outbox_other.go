//go:build !unix

package server

import "net"

// newRawWriter knows no way to write to a socket without waiting.
func newRawWriter(net.Conn) rawWriter { return nil }
