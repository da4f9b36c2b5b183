package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/protocol"
)

// binaryFrame lays a frame out by hand: kind, second byte, flags, rows, id,
// then 32-bit words.
func binaryFrame(kind, second byte, flags uint16, rows uint32, id uint64, words ...uint32) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{kind, second}, flags)
	b = binary.LittleEndian.AppendUint32(b, rows)
	b = binary.LittleEndian.AppendUint64(b, id)
	for _, word := range words {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	return b
}

// binaryRequest asks for the oracle's rows of some nonces.
func (r *rig) binaryRequest(flags uint16, id uint64, deadline, model uint32, nonces ...uint32) []byte {
	words := []uint32{deadline, model}
	for _, nonce := range nonces {
		words = append(words, floatWords(r.oracle.Row(nonce)...)...)
	}
	return binaryFrame(protocol.BinaryPredict, protocol.DTypeFloat32, flags, uint32(len(nonces)), id, words...)
}

func floatWords(values ...float32) (words []uint32) {
	for _, v := range values {
		words = append(words, math.Float32bits(v))
	}
	return words
}

// binaryReply is the answer to binaryRequest, without timing.
func (r *rig) binaryReply(flags uint16, id uint64, nonces ...uint32) []byte {
	words := []uint32{0, 0}
	for _, nonce := range nonces {
		class := int(nonce) % r.oracle.Classes
		words = append(words, floatWords(float32(class), r.oracle.Want(nonce)[class])...)
	}
	if flags&protocol.FlagScores != 0 {
		for _, nonce := range nonces {
			words = append(words, floatWords(r.oracle.Want(nonce)...)...)
		}
	}
	return binaryFrame(protocol.BinaryPrediction, 0, flags, uint32(len(nonces)), id, words...)
}

// askBinary sends a binary frame and returns the next message, which must be
// binary too.
func (p *peer) askBinary(frame []byte) []byte {
	p.t.Helper()
	p.write(websocket.MessageBinary, frame)
	return p.receiveBinary()
}

func (p *peer) receiveBinary() []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	kind, reply, err := p.ws.Read(ctx)
	if err != nil || kind != websocket.MessageBinary {
		p.t.Fatalf("received %v %q, %v; want a binary frame", kind, reply, err)
	}
	return reply
}

func TestBinaryFrames(t *testing.T) {
	second := named{&modeltest.Oracle{Features: 1}, "second"}
	r := start(t, setup{more: []model.Model{second}})
	p := r.connect("/ws/predict")
	const largest = math.MaxUint64
	for _, c := range []struct {
		name       string
		sent, want []byte
	}{
		{"a row", r.binaryRequest(0, 77, 0, 0, 7), r.binaryReply(0, 77, 7)},
		{"rows", r.binaryRequest(0, largest, 0, 0, 7, 8, 19), r.binaryReply(0, largest, 7, 8, 19)},
		{"scores", r.binaryRequest(protocol.FlagScores, 0, 0, 0, 7, 8), r.binaryReply(protocol.FlagScores, 0, 7, 8)},
		{"a deadline that holds", r.binaryRequest(0, 1, 10_000_000, 0, 7), r.binaryReply(0, 1, 7)},
		{"other model", binaryFrame(1, 1, 0, 1, 5, 0, 1, math.Float32bits(5)),
			binaryFrame(0x81, 0, 0, 1, 5, append([]uint32{0, 0}, floatWords(second.Want(5)[0], float32(math.NaN()))...)...)},
		{"labels", binaryFrame(2, 0, 0, 3, largest, floatWords(7, 8, 8)...), append(binaryFrame(0x82, 0, 0, 3, largest), 1, 1, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			if got := p.askBinary(c.sent); !bytes.Equal(got, c.want) {
				t.Errorf("received\n%x; want\n%x", got, c.want)
			}
		})
	}
	p.t = t
	timed := p.askBinary(r.binaryRequest(protocol.FlagTiming, 3, 0, 0, 7))
	if binary.LittleEndian.Uint32(timed[20:]) > 1e6 || !bytes.Equal(timed[24:], r.binaryReply(0, 3, 7)[24:]) {
		t.Errorf("received %x; want the time it took, and the row's answer", timed)
	}
	// An id is the same number in JSON.
	p.ask(`{"type":"feedback","request_id":77,"label":"7"}`, `{"type":"feedback_ok","request_id":77,"correct":true}`)
	p.ask(r.request("6", 6), r.prediction("6", 6))
	if got, want := p.askBinary(binaryFrame(2, 0, 0, 1, 6, floatWords(6)...)), append(binaryFrame(0x82, 0, 0, 1, 6), 1); !bytes.Equal(got, want) {
		t.Errorf("received %x; want %x", got, want)
	}
}

// TestBinaryErrors come as binary frames with their code's number, and leave
// the socket open.
func TestBinaryErrors(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict")
	row := floatWords(r.oracle.Row(7)...)
	request := func(words ...uint32) []byte {
		return binaryFrame(1, 1, 0, 1, 9, append([]uint32{0, 0}, words...)...)
	}
	for _, c := range []struct {
		name string
		sent []byte
		code protocol.Code
		id   uint64
	}{
		{"nothing", nil, protocol.BadMessage, 0},
		{"half a header", []byte{1, 1, 0, 0}, protocol.BadMessage, 0},
		{"unknown kind", binaryFrame(9, 1, 0, 1, 9), protocol.BadMessage, 9},
		{"unknown type of values", binaryFrame(1, 9, 0, 1, 9, 0, 0), protocol.BadMessage, 9},
		{"NaN", request(row[0], math.Float32bits(float32(math.NaN())), row[2]), protocol.BadFeatures, 9},
		{"infinity", request(row[0], row[1], math.Float32bits(float32(math.Inf(-1)))), protocol.BadFeatures, 9},
		{"one value too few", request(row[:2]...), protocol.BadFeatures, 9},
		{"one value too many", request(append(row, 0)...), protocol.BadFeatures, 9},
		{"half a value", append(request(row...), 0, 0), protocol.BadFeatures, 9},
		{"bytes for a model that takes none", append(binaryFrame(1, 2, 0, 1, 9, 0, 0), 1, 2, 3), protocol.BadFeatures, 9},
		{"no rows", binaryFrame(1, 1, 0, 0, 9, 0, 0), protocol.TooManyRows, 9},
		{"four billion rows", binaryFrame(1, 1, 0, math.MaxUint32, 9, append([]uint32{0, 0}, row...)...), protocol.TooManyRows, 9},
		{"unknown model", binaryFrame(1, 1, 0, 1, 9, append([]uint32{0, 1}, row...)...), protocol.UnknownModel, 9},
		{"labels of nothing", binaryFrame(2, 0, 0, 1, 10, 0), protocol.UnknownRequest, 10},
		{"labels that are missing", binaryFrame(2, 0, 0, 4, 9, 0), protocol.BadLabel, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			got := p.askBinary(c.sent)
			if want := binaryFrame(0xff, byte(c.code), 0, 0, c.id); !bytes.HasPrefix(got, want) || len(got) <= len(want) {
				t.Errorf("received %x; want %x and a message", got, want)
			}
			if got, want := p.askBinary(r.binaryRequest(0, 9, 0, 0, 7)), r.binaryReply(0, 9, 7); !bytes.Equal(got, want) {
				t.Errorf("afterwards %x; want %x", got, want)
			}
		})
	}
	p.t = t
}

// TestBinaryInFlight: duplicates and cancels, in either form, find a binary
// request by its number, and each is answered once, in its own form.
func TestBinaryInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := gate()
		r := start(t, setup{oracle: o, pool: oneByOne, inMemory: true})
		p := r.connect("/ws/predict")
		p.write(websocket.MessageBinary, r.binaryRequest(0, 1, 0, 0, 1001))
		p.write(websocket.MessageBinary, r.binaryRequest(0, 2, 0, 0, 2))
		synctest.Wait()
		if got := p.askBinary(r.binaryRequest(0, 1, 0, 0, 3)); !bytes.HasPrefix(got, binaryFrame(0xff, byte(protocol.DuplicateRequestID), 0, 0, 1)) {
			t.Errorf("received %x; want a duplicate", got)
		}
		p.ask(r.request("2", 2), typedError("2", "duplicate_request_id"))
		p.send(`{"type":"cancel","request_id":2}`)
		if got := p.receiveBinary(); !bytes.HasPrefix(got, binaryFrame(0xff, byte(protocol.Cancelled), 0, 0, 2)) {
			t.Errorf("received %x; want cancelled", got)
		}
		open()
		if got, want := p.receiveBinary(), r.binaryReply(0, 1, 1001); !bytes.Equal(got, want) {
			t.Errorf("received %x; want %x", got, want)
		}
		p.leave()
	})
}
