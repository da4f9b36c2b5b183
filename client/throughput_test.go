package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// cheapServer answers over TCP with as little work as can be, so that a
// benchmark measures the client.
func cheapServer(b *testing.B) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Sec-WebSocket-Protocol", protocol.Subprotocol)
		conn := r.Context().Value(rawConnKey{}).(net.Conn)
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}})
		if err != nil {
			return
		}
		(&fakeConn{ws: ws, request: r}).greet(512)
		answerCheaply(conn)
		_ = ws.CloseNow()
	}), ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, rawConnKey{}, c)
	}}
	go func() { _ = server.Serve(listener) }() // ends with Close below
	b.Cleanup(func() { _ = server.Close() })
	return "ws://" + listener.Addr().String()
}

// classes is the format of a model that has these.
func classes(names ...string) *protocol.ReplyFormat {
	return protocol.NewReplyFormat("m", "1", []protocol.NamedFormat{{Name: "prediction", Width: len(names), Format: protocol.ClassFormat(names, len(names))}})
}

// decided is what a model of two classes says of so many rows.
func decided(confidence float32, values ...float32) protocol.Prediction {
	return protocol.Prediction{Rows: len(values), Scores: make([]float32, 2*len(values)),
		First: protocol.Decided{Values: values, Confidences: slices.Repeat([]float32{confidence}, len(values)), ValueWidth: 1}}
}

var (
	cheapPrediction = decided(0.98765432, 1)
	cheapFormat     = classes("a", "b")
)

// answerCheaply reads masked frames and answers each by the request_id at its
// start.
func answerCheaply(conn net.Conn) {
	in, out := bufio.NewReaderSize(conn, 256<<10), bufio.NewWriterSize(conn, 64<<10)
	var head [14]byte
	var reply []byte
	for {
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
		if _, err := io.ReadFull(in, head[:6]); err != nil {
			return
		}
		n, mask, binaryFrame := int(head[1]&0x7f), head[2:6], head[0]&0xf == 2
		if n == 126 {
			if _, err := io.ReadFull(in, head[6:8]); err != nil {
				return
			}
			n, mask = int(binary.BigEndian.Uint16(head[2:])), head[4:8]
		}
		start, err := in.Peek(min(n, 48))
		if err != nil || head[0]&0xf == 8 {
			return
		}
		for i := range start {
			start[i] ^= mask[i&3]
		}
		if binaryFrame {
			id := binary.LittleEndian.Uint64(start[8:])
			reply = protocol.AppendBinaryPrediction(append(reply[:0], 0x82, 32), id, cheapFormat, &cheapPrediction)
			_, _ = out.Write(reply)
			if _, err = in.Discard(n); err != nil {
				return
			}
			continue
		}
		const key = `{"request_id":`
		end := bytes.IndexByte(start, ',')
		reply = append(reply[:0], 0x81, 126, 0, 0)
		reply = append(reply, `{"type":"prediction","request_id":`...)
		reply = append(reply, start[len(key):end]...)
		reply = append(reply, `,"prediction":"7","confidence":0.98765432,"model":"digits","version":"1"}`...)
		binary.BigEndian.PutUint16(reply[2:], uint16(len(reply)-4))
		_, _ = out.Write(reply)
		if _, err = in.Discard(n); err != nil {
			return
		}
	}
}

func benchmarkSubmit(b *testing.B, r Request) {
	c, err := Dial(b.Context(), cheapServer(b), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	left := make(chan struct{}, 1)
	n := 0
	done := func(_ Prediction, err error) {
		if err != nil {
			b.Error(err)
		}
		if n++; n == b.N {
			left <- struct{}{}
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, err := c.Submit(b.Context(), r, done); err != nil {
			b.Fatal(err)
		}
	}
	<-left
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

func BenchmarkSubmit(b *testing.B) {
	row := make([]float32, 784)
	for i := range row {
		if i%5 == 0 { // a digit: four pixels in five are empty
			row[i] = float32(i%256) / 255
		}
	}
	bytes := make([]byte, len(row))
	for i := range bytes {
		bytes[i] = byte(255 * row[i])
	}
	encoded, err := EncodeRow(row)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("features=4", func(b *testing.B) { benchmarkSubmit(b, Request{Features: row[:4]}) })
	b.Run("features=784", func(b *testing.B) { benchmarkSubmit(b, Request{Features: row}) })
	b.Run("features=784,binary", func(b *testing.B) { benchmarkSubmit(b, Request{Features: row, Binary: true}) })
	b.Run("features=784,bytes", func(b *testing.B) { benchmarkSubmit(b, Request{Bytes: bytes}) })
	b.Run("features=784,encoded", func(b *testing.B) { benchmarkSubmit(b, Request{Encoded: encoded}) })
}

func BenchmarkReadReply(b *testing.B) {
	message := []byte(`{"type":"prediction","request_id":123456,"prediction":"7","confidence":0.98765432,"model":"digits","version":"1"}`)
	rr := newReplyReader()
	var r reply
	b.ReportAllocs()
	for b.Loop() {
		if err := rr.read(message, &r); err != nil {
			b.Fatal(err)
		}
	}
}
