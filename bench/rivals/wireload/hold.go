package main

import (
	"fmt"
	"io"
	"os"
)

// hold keeps sockets open that have had one request each, so that a server's
// memory can be measured with them.
func hold(o options) error {
	frames, err := encodeRequests(o)
	if err != nil {
		return err
	}
	for i := range o.hold {
		w := worker{in: make([]byte, 4096)}
		if err := w.dial(o); err != nil {
			return fmt.Errorf("socket %d: %w", i, err)
		}
		if _, err := w.conn.Write(frames[i%distinct]); err != nil {
			return err
		}
		if _, err := w.read(); err != nil {
			return err
		}
		defer w.conn.Close()
	}
	fmt.Println("held")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
