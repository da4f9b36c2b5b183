// Gathered is the echo of coder/websocket with its writes gathered: what it
// writes is kept until it reads from the connection again, and then leaves in
// one system call. It is the ceiling of a server that uses that library for
// both directions.
package main

import (
	"bufio"
	"context"
	"flag"
	"log"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

func main() {
	address := flag.String("listen", "127.0.0.1:9002", "address")
	flag.Parse()
	log.Fatal(http.ListenAndServe(*address, http.HandlerFunc(echo)))
}

func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(&hijacker{ResponseWriter: w}, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	for {
		kind, message, err := c.Read(context.Background())
		if err != nil {
			return
		}
		if c.Write(context.Background(), kind, message) != nil {
			return
		}
	}
}

// hijacker hands out a connection that gathers.
type hijacker struct{ http.ResponseWriter }

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := h.ResponseWriter.(http.Hijacker).Hijack()
	if err != nil {
		return nil, nil, err
	}
	g := &gatherer{Conn: conn}
	return g, bufio.NewReadWriter(rw.Reader, bufio.NewWriter(g)), nil
}

// gatherer belongs to one goroutine, which reads and writes in turn.
type gatherer struct {
	net.Conn
	waiting []byte
}

func (g *gatherer) Write(p []byte) (int, error) {
	g.waiting = append(g.waiting, p...)
	return len(p), nil
}

func (g *gatherer) Read(p []byte) (int, error) {
	if len(g.waiting) > 0 {
		_, err := g.Conn.Write(g.waiting)
		g.waiting = g.waiting[:0]
		if err != nil {
			return 0, err
		}
	}
	return g.Conn.Read(p)
}
