package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

type options struct {
	address, path, payload, digits        string
	connections, inFlight, features, rows int
	hold                                  int
	warmup, duration                      time.Duration
}

// result is what was measured over all connections.
type result struct {
	Requests  int     `json:"requests"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"requests_per_second"`
	RowsPer   float64 `json:"rows_per_second"`
	P50Micros float64 `json:"p50_us"`
	P99Micros float64 `json:"p99_us"`
}

func run(o options) (result, error) {
	if o.inFlight > distinct {
		return result{}, fmt.Errorf("at most %d may be in flight", distinct)
	}
	frames, err := encodeRequests(o)
	if err != nil {
		return result{}, err
	}
	start := time.Now().Add(o.warmup)
	end := start.Add(o.duration)
	workers := make([]worker, o.connections)
	errs := make([]error, o.connections)
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() { errs[i] = workers[i].run(o, frames, start, end) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return result{}, err
	}
	r := result{Seconds: o.duration.Seconds()}
	var all []time.Duration
	for _, w := range workers {
		r.Requests += w.answered
		all = append(all, w.latencies...)
	}
	slices.Sort(all)
	r.PerSecond = float64(r.Requests) / r.Seconds
	r.RowsPer = r.PerSecond * float64(o.rows)
	if len(all) > 0 {
		r.P50Micros = float64(all[len(all)/2].Nanoseconds()) / 1e3
		r.P99Micros = float64(all[len(all)*99/100].Nanoseconds()) / 1e3
	}
	return r, nil
}

// worker is one connection.
type worker struct {
	conn      net.Conn
	in        []byte
	held      int // bytes of in that belong to an unfinished frame
	answered  int
	sent      []time.Time // by request, of those in flight
	latencies []time.Duration
}

func (w *worker) run(o options, frames [][]byte, start, end time.Time) error {
	if err := w.dial(o); err != nil {
		return err
	}
	defer w.conn.Close()
	_ = w.conn.SetDeadline(end.Add(5 * time.Second))
	w.in = make([]byte, 256<<10)
	next, oldest, owed := 0, 0, o.inFlight
	w.sent = make([]time.Time, distinct)
	var out []byte
	for {
		now := time.Now()
		if now.After(end) {
			return nil
		}
		out = out[:0]
		for range owed {
			out = append(out, frames[next]...)
			w.sent[next] = now
			next = (next + 1) % distinct
		}
		if _, err := w.conn.Write(out); err != nil {
			return err
		}
		replies, err := w.read()
		if err != nil {
			return err
		}
		now = time.Now()
		for range replies {
			if now.After(start) && now.Before(end) {
				w.answered++
				w.latencies = append(w.latencies, now.Sub(w.sent[oldest]))
			}
			oldest = (oldest + 1) % distinct
		}
		owed = replies
	}
}

// read waits for at least one reply and returns how many came.
func (w *worker) read() (replies int, err error) {
	for replies == 0 {
		n, err := w.conn.Read(w.in[w.held:])
		if err != nil {
			return 0, err
		}
		have := w.in[:w.held+n]
		for {
			size := frameSize(have)
			if size == 0 || size > len(have) {
				break
			}
			switch have[0] {
			case 0x81, 0x82:
				replies++
			case 0x88:
				return 0, fmt.Errorf("the server closed: %q", have[2:size])
			}
			have = have[size:]
		}
		w.held = copy(w.in, have)
	}
	return replies, nil
}

// frameSize returns the length of the frame at the start of b, zero when its
// header is not complete.
func frameSize(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch n := int(b[1]); {
	case n < 126:
		return 2 + n
	case n == 126 && len(b) >= 4:
		return 4 + int(b[2])<<8 + int(b[3])
	case n == 127 && len(b) >= 10:
		return 10 + int(b[6])<<24 + int(b[7])<<16 + int(b[8])<<8 + int(b[9])
	}
	return 0
}

func (w *worker) dial(o options) (err error) {
	if w.conn, err = net.Dial("tcp", o.address); err != nil {
		return err
	}
	fmt.Fprintf(w.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", o.path, o.address)
	// A server that sends nothing before it is asked leaves nothing behind in
	// this reader but the response.
	resp, err := http.ReadResponse(bufio.NewReaderSize(w.conn, 4096), nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("handshake: %s", resp.Status)
	}
	return nil
}
