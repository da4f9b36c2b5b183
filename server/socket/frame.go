package socket

import "encoding/binary"

// Kind is what a message is: how its frame begins.
type Kind byte

// Messages are text, which must be UTF-8, or binary.
const (
	Text   Kind = opFin | 0x1
	Binary Kind = opFin | 0x2

	opFin        = 0x80 // the last frame of a message, or the only one
	opClose Kind = opFin | 0x8
	opPing  Kind = opFin | 0x9
	opPong  Kind = opFin | 0xa
)

// HeaderBytes is the longest header of a frame that a server sends.
const HeaderBytes = 2 + 8

const headerRoom = 4 // for most frames

func beginFrame(dst []byte) (grown []byte, start int) {
	return append(dst, 0, 0, 0, 0), len(dst)
}

// endFrame writes the header of the frame that begins at start of dst. Servers
// send frames unmasked, so the payload stands as it is (RFC 6455, section 5.2).
func endFrame(dst []byte, start int, op Kind) []byte {
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
	dst[start] = byte(op)
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
