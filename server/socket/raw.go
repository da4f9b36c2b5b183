package socket

import "net"

// socketOf returns the connection as the system gave it, beneath what the
// listener put around it: what runs for every message must not go through that.
func socketOf(conn net.Conn) net.Conn {
	if wrapped, ok := conn.(interface{ Raw() net.Conn }); ok {
		return wrapped.Raw()
	}
	return conn
}
