package server

import "encoding/binary"

// begin reserves room for a frame's header and returns the buffer to append
// the payload to; end completes the frame. The caller holds o.mu throughout,
// and has seen that the outbox is open.
func (o *outbox) begin() (dst []byte, start int) {
	if o.frames == nil {
		o.frames = newFrames()
	}
	return beginFrame(o.frames.b)
}

func (o *outbox) end(dst []byte, start int, op byte) {
	o.frames.b = endFrame(dst, start, op)
	o.account.owe(len(o.frames.b) - start)
}

// endReply is end for the reply to a request, which is in the account.
func (o *outbox) endReply(dst []byte, start int, r *request) {
	o.frames.b = endFrame(dst, start, r.opcode())
	o.account.settle(len(o.frames.b)-start-r.promised, -r.rowBytes)
}

const headerRoom = 4 // for most frames

func beginFrame(dst []byte) (grown []byte, start int) {
	return append(dst, 0, 0, 0, 0), len(dst)
}

// endFrame writes the header of the frame that begins at start of dst. Servers
// send frames unmasked, so the payload stands as it is (RFC 6455, section 5.2).
func endFrame(dst []byte, start int, op byte) []byte {
	n := len(dst) - start - headerRoom
	switch {
	case n < 126:
		copy(dst[start+2:], dst[start+headerRoom:])
		dst = dst[:len(dst)-2]
		dst[start+1] = byte(n)
	case n <= 0xffff:
		dst[start+1] = 126
		binary.BigEndian.PutUint16(dst[start+2:], uint16(n))
	default:
		dst = append(dst, 0, 0, 0, 0, 0, 0)
		copy(dst[start+10:], dst[start+headerRoom:])
		dst[start+1] = 127
		binary.BigEndian.PutUint64(dst[start+2:], uint64(n))
	}
	dst[start] = op
	return dst
}

// frameLength returns the length of the unmasked frame at the start of b,
// header included.
func frameLength(b []byte) int {
	switch n := int(b[1]); n {
	case 126:
		return 4 + int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		return 10 + int(binary.BigEndian.Uint64(b[2:]))
	default:
		return 2 + n
	}
}
