package server_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestEcho(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/echo")
	for _, text := range []string{"", "ping", "é", `{"features":[1,2,3]}`, strings.Repeat("x", 125), strings.Repeat("x", 126), strings.Repeat("x", 65536), strings.Repeat("x", 1<<20)} {
		if got := p.answer(text); got != text {
			t.Errorf("%.20q of %d bytes came back as %.20q of %d", text, len(text), got, len(got))
		}
	}
	sent := []byte{0, 255, 1}
	p.write(websocket.MessageBinary, sent)
	if kind, got, err := p.ws.Read(context.Background()); err != nil || kind != websocket.MessageBinary || !bytes.Equal(got, sent) {
		t.Errorf("%v %v came back, %v", kind, got, err)
	}
	p.leave()
	if l := r.Traffic(); l.Received != 0 {
		t.Errorf("echoes stand in the ledger of requests: %+v", l)
	}
}
