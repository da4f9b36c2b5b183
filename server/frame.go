package server

import "encoding/binary"

// begin reserves room for a frame's header and returns the buffer to append
// the payload to; end completes the frame. The caller holds o.mu throughout,
// and has seen that the outbox is open.
func (o *outbox) begin() (dst []byte, start int) {
	if o.frames == nil {
		o.frames = newBuffer()
	}
	start = len(o.frames.b)
	return append(o.frames.b, 0, 0, 0, 0), start
}

// end writes the header of the frame that begins at start of dst. Servers send
// frames unmasked, so the payload stands as it is (RFC 6455, section 5.2).
func (o *outbox) end(dst []byte, start int, op byte) {
	const reserved = 4
	n := len(dst) - start - reserved
	switch {
	case n < 126:
		copy(dst[start+2:], dst[start+reserved:])
		dst = dst[:len(dst)-2]
		dst[start+1] = byte(n)
	case n <= 0xffff:
		dst[start+1] = 126
		binary.BigEndian.PutUint16(dst[start+2:], uint16(n))
	default:
		dst = append(dst, 0, 0, 0, 0, 0, 0)
		copy(dst[start+10:], dst[start+reserved:])
		dst[start+1] = 127
		binary.BigEndian.PutUint64(dst[start+2:], uint64(n))
	}
	dst[start] = op
	o.frames.b = dst
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
