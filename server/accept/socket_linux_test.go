package accept_test

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"penstock/server/accept"
)

// TestSocket: connections have what was set on the socket that listens, so that
// the system ends those whose peer is gone.
func TestSocket(t *testing.T) {
	l, err := accept.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	socket, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ level, option, want int }{
		"TCP_USER_TIMEOUT": {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 30_000},
		"SO_KEEPALIVE":     {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		"TCP_KEEPIDLE":     {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
		"TCP_KEEPINTVL":    {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 5},
		"TCP_KEEPCNT":      {unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3},
		"SO_SNDBUF":        {unix.SOL_SOCKET, unix.SO_SNDBUF, 2 * 64 << 10}, // Linux doubles it
	} {
		var got int
		var failed error
		if err := socket.Control(func(fd uintptr) { got, failed = unix.GetsockoptInt(int(fd), c.level, c.option) }); err != nil {
			t.Fatal(err)
		}
		if failed != nil || got != c.want {
			t.Errorf("%s is %d, %v; want %d", name, got, failed, c.want)
		}
	}
}
