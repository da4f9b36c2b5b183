// Wireload is a closed-loop load generator that costs as little as a client
// can, so that it is the server that is measured: frames are encoded and masked
// before the clock starts, replies are counted by their headers alone, and each
// read is answered by one write.
//
// It prints one line of JSON. Latencies are from a frame's write to the read
// that brought the matching reply; with several in flight, replies are taken
// in order.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.address, "address", "127.0.0.1:8080", "host:port of the server")
	flag.StringVar(&o.path, "path", "/ws/predict", "path of the WebSocket")
	flag.StringVar(&o.payload, "payload", "json", "json, or float32 for binary frames")
	flag.IntVar(&o.connections, "connections", 16, "sockets")
	flag.IntVar(&o.inFlight, "in-flight", 32, "requests in flight on each")
	flag.IntVar(&o.features, "features", 64, "features of a row")
	flag.IntVar(&o.rows, "rows", 1, "rows of a request")
	flag.StringVar(&o.digits, "digits", "", "a bundle's heldout.bin.gz whose rows to send; else they are random")
	flag.DurationVar(&o.warmup, "warmup", 500*time.Millisecond, "time before measuring")
	flag.DurationVar(&o.duration, "duration", 3*time.Second, "time of measuring")
	flag.IntVar(&o.hold, "hold", 0, "only open this many sockets, send one request on each, print a line, and wait for the end of standard input")
	flag.Parse()
	if o.hold > 0 {
		if err := hold(o); err != nil {
			fmt.Fprintln(os.Stderr, "wireload:", err)
			os.Exit(1)
		}
		return
	}
	result, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "wireload:", err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(result)
}
