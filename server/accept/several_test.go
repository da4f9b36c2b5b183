package accept_test

import (
	"errors"
	"net"
	"strconv"
	"testing"

	"penstock/server/accept"
)

// TestLocalhostIsBothAddresses, where the machine has both.
func TestLocalhostIsBothAddresses(t *testing.T) {
	for _, name := range []string{"localhost", "LocalHost"} {
		l, err := accept.Listen(name + ":0")
		if err != nil {
			t.Fatal(err)
		}
		port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		for _, host := range localAddresses(t) {
			client, err := net.Dial("tcp", net.JoinHostPort(host, port))
			if err != nil {
				t.Errorf("%s: %v", host, err)
				continue
			}
			served, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if got := served.LocalAddr().(*net.TCPAddr).IP.String(); got != host {
				t.Errorf("accepted at %s; want %s", got, host)
			}
			_ = served.Close()
			_ = client.Close()
		}
		if _, err := accept.Listen(name + ":" + port); err == nil {
			t.Error("a port was opened twice")
		}
		waiting := make(chan error)
		go func() {
			_, err := l.Accept()
			waiting <- err
		}()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := <-waiting; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept of a closed listener returned %v", err)
		}
	}
}

// localAddresses are those that a listener can be opened at here.
func localAddresses(t *testing.T) (hosts []string) {
	t.Helper()
	for _, host := range []string{"127.0.0.1", "::1"} {
		if l, err := net.Listen("tcp", net.JoinHostPort(host, "0")); err == nil {
			hosts = append(hosts, host)
			_ = l.Close()
		}
	}
	return hosts
}
