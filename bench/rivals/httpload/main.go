// Httpload is a closed-loop load generator for servers that answer a POST: each
// connection is kept, and has one request in flight. Requests are encoded before the
// clock starts, and of responses no more is read than their length and status. It
// prints one line of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

type options struct {
	address, path, form   string
	connections, features int
	warmup, duration      time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.address, "address", "127.0.0.1:8080", "host:port of the server")
	flag.StringVar(&o.path, "path", "/predict", "path of the POST")
	flag.StringVar(&o.form, "form", `{"features":%s}`, "the body, with %s for a row as a JSON array")
	flag.IntVar(&o.connections, "connections", 512, "connections, each with one request in flight")
	flag.IntVar(&o.features, "features", 32, "features of a row")
	flag.DurationVar(&o.warmup, "warmup", time.Second, "time before measuring")
	flag.DurationVar(&o.duration, "duration", 3*time.Second, "time of measuring")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "httpload:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	requests := encode(o)
	start := time.Now().Add(o.warmup)
	end := start.Add(o.duration)
	errs := make([]error, o.connections)
	latencies := make([][]time.Duration, o.connections)
	var group sync.WaitGroup
	for i := range o.connections {
		group.Go(func() { latencies[i], errs[i] = ask(o, requests, i, start, end) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	all := slices.Sorted(slices.Values(slices.Concat(latencies...)))
	if len(all) == 0 {
		return errors.New("no request was answered")
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"requests_per_second": float64(len(all)) / o.duration.Seconds(),
		"p50_us":              float64(all[len(all)/2].Nanoseconds()) / 1e3,
		"p99_us":              float64(all[len(all)*99/100].Nanoseconds()) / 1e3,
	})
}

// encode makes requests with rows of two decimals, like measured values.
func encode(o options) [][]byte {
	requests := make([][]byte, 256)
	for i := range requests {
		row := make([]string, o.features)
		for j := range row {
			row[j] = strconv.FormatFloat(float64(rand.IntN(400)-200)/100, 'g', -1, 64)
		}
		body := strings.ReplaceAll(o.form, "%s", "["+strings.Join(row, ",")+"]")
		requests[i] = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", o.path, o.address, len(body), body)
	}
	return requests
}

// ask sends one request after the other on one connection.
func ask(o options, requests [][]byte, first int, start, end time.Time) (latencies []time.Duration, err error) {
	conn, err := net.Dial("tcp", o.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(end.Add(20 * time.Second))
	in := bufio.NewReader(conn)
	for n := first; ; n++ {
		sent := time.Now()
		if sent.After(end) {
			return latencies, nil
		}
		if _, err := conn.Write(requests[n%len(requests)]); err != nil {
			return nil, err
		}
		if err := response(in); err != nil {
			return nil, err
		}
		if now := time.Now(); now.After(start) && now.Before(end) {
			latencies = append(latencies, now.Sub(sent))
		}
	}
}

// response reads one, which must be a success of a stated length, or in chunks.
func response(in *bufio.Reader) error {
	length, chunked := -1, false
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case first && !strings.HasPrefix(text, "HTTP/1.1 200"):
			rest := make([]byte, 2000)
			n, _ := in.Read(rest)
			return fmt.Errorf("%s\n%s", text, rest[:n])
		case text == "" && chunked:
			return chunks(in)
		case text == "":
			_, err := io.CopyN(io.Discard, in, int64(length))
			return err
		}
		name, value, _ := strings.Cut(text, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.Atoi(value); err != nil {
				return err
			}
		case "transfer-encoding":
			chunked = value == "chunked"
		}
	}
}

func chunks(in *bufio.Reader) error {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, in, size+2); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}
