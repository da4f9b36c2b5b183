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
	for name, c := range map[string]struct{ level, option, want int }{
		"TCP_USER_TIMEOUT": {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 30_000},
		"SO_KEEPALIVE":     {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		"TCP_KEEPIDLE":     {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
		"TCP_KEEPINTVL":    {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 5},
		"TCP_KEEPCNT":      {unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3},
		"SO_SNDBUF":        {unix.SOL_SOCKET, unix.SO_SNDBUF, 2 * 64 << 10}, // Linux doubles it
	} {
		if got := option(t, conn, c.level, c.option); got != c.want {
			t.Errorf("%s is %d; want %d", name, got, c.want)
		}
	}
}

func option(t *testing.T, conn net.Conn, level, option int) (value int) {
	t.Helper()
	socket, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	if err := socket.Control(func(fd uintptr) { value, failed = unix.GetsockoptInt(int(fd), level, option) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return value
}

// TestTrickle finds the connection of a request, and leaves alone what has none
// of ours.
func TestTrickle(t *testing.T) {
	raw, err := accept.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limited(t, raw, 1, 1)
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
	accept.Trickle(t.Context())
	accept.Trickle(l.Context(t.Context(), client))
	accept.Trickle(l.Context(t.Context(), layer{conn}))
	if got := option(t, conn.(*accept.Conn).Raw(), unix.SOL_SOCKET, unix.SO_SNDBUF); got != 2*4<<10 {
		t.Errorf("SO_SNDBUF is %d", got)
	}
}

// layer is what TLS looks like.
type layer struct{ net.Conn }

func (l layer) NetConn() net.Conn { return l.Conn }
