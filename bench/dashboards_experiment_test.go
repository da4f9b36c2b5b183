//go:build linux && experiment

package bench_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"penstock/bench"
	"penstock/inference"
)

// BenchmarkDashboards compares the latency of predictions, open loop, without
// dashboards and with a thousand of them, in turns. Its operation is the whole
// comparison, seven rounds in a minute and a half; run it with -tags experiment
// and -benchtime 1x.
//
// The server has one core to itself. Load and dashboards share the other, as
// processes of their own, so that it is the server's part that is measured:
// the dashboards' own work is done on a thousand other machines.
func BenchmarkDashboards(b *testing.B) {
	const dashboards, rounds = 1000, 7
	switch role, url := role(); role {
	case "server":
		fmt.Fprintln(os.Stdout, "url", serve(b, small(b), inference.Options{}))
		untilInputEnds()
		return
	case "load":
		offer(b, bench.Load{
			URL: url, Connections: 8, Rate: 2000, Duration: 4 * time.Second,
			Warmup: 2 * time.Second, // outlasts what joining dashboards cause
		})
		return
	case "dashboards":
		discard(b, url, dashboards)
		return
	}
	server := start(b, 0, "server", "")
	url := server.line("url")
	load := func() bench.Report { return start(b, 1, "load", url).report() }
	for b.Loop() {
		var p50, p99, p50ratio, p99ratio []float64
		for range rounds {
			alone := load().Latency
			watching := start(b, 1, "dashboards", url)
			watching.line("open")
			watched := load().Latency
			watching.end()
			b.Logf("alone p50 %.3f p99 %.3f p99.9 %.3f ms, watched p50 %.3f p99 %.3f p99.9 %.3f ms, %s",
				alone.P50, alone.P99, alone.P999, watched.P50, watched.P99, watched.P999, watching.line("read"))
			p50, p99 = append(p50, alone.P50), append(p99, alone.P99)
			p50ratio, p99ratio = append(p50ratio, watched.P50/alone.P50), append(p99ratio, watched.P99/alone.P99)
		}
		b.ReportMetric(median(p50), "p50-ms")
		b.ReportMetric(median(p99), "p99-ms")
		b.ReportMetric(median(p50ratio), "p50-ratio")
		b.ReportMetric(median(p99ratio), "p99-ratio")
	}
	server.end()
}

// discard is the part "dashboards". It takes what they are sent off the
// sockets now and then, without a look or a copy, and only when nothing else
// wants the core.
func discard(b *testing.B, url string, n int) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = unix.Close(epoll) }()
	for range n {
		c := dashboard(b, strings.TrimPrefix(url, "ws://"))
		defer func() { _ = c.Close() }()
		fd := int(c.Fd())
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
			b.Fatal(err)
		}
	}
	runtime.LockOSThread() // it is this thread that gets the low priority
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		b.Fatal(err)
	}
	fmt.Fprintln(os.Stdout, "open", n)
	ended := make(chan struct{})
	go func() {
		untilInputEnds()
		close(ended)
	}()
	events, room := make([]unix.EpollEvent, n), make([]byte, 1<<20)
	reads, bytes := 0, 0
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case <-ended:
			fmt.Fprintf(os.Stdout, "read %d times %d bytes\n", reads, bytes)
			return
		case <-tick.C:
		}
		ready, _ := unix.EpollWait(epoll, events, 0)
		for _, e := range events[:max(ready, 0)] {
			got, _, _ := unix.Recvfrom(int(e.Fd), room, unix.MSG_TRUNC|unix.MSG_DONTWAIT)
			reads, bytes = reads+1, bytes+max(got, 0)
		}
	}
}

// dashboard opens one and returns its socket, which Go's poller does not watch.
func dashboard(b *testing.B, address string) *os.File {
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	fmt.Fprintf(c, "GET /ws/dashboard HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", address)
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		b.Fatalf("%v %v", response, err)
	}
	file, err := c.(*net.TCPConn).File()
	if err != nil {
		b.Fatal(err)
	}
	return file
}
