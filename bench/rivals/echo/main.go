// Echo is the plainest server that coder/websocket makes: read a message,
// write it back. It is the ceiling of a handler written by hand.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"

	"github.com/coder/websocket"
)

func main() {
	address := flag.String("listen", "127.0.0.1:9001", "address")
	flag.Parse()
	log.Fatal(http.ListenAndServe(*address, http.HandlerFunc(echo)))
}

func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
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
