package socket

import (
	"encoding/binary"
	"errors"
	"math"
	"net"
	"sync"
	"time"
)

// chunkSize is how much an inbox reads at a time: with many requests in
// flight, one system call brings dozens of them.
const chunkSize = 32 << 10

// chunks are shared by all inboxes.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// inbox reads ahead from one socket. It takes a chunk when bytes are there and
// gives it back when they are used up: a socket that waits holds none.
//
// What it has read is taken in one of three ways. A whole message that lies in
// the chunk, as nearly all do, is handed out where it lies. Of a message in one
// frame that has not come whole, the header is taken, and the rest is copied, or
// read past the inbox, into memory of its own. All else goes through
// coder/websocket, which knows about fragments, control frames and errors; it is
// given one frame at a time, so that what follows can be handed out whole again.
type inbox struct {
	conn  net.Conn
	limit int       // bytes of a message
	raw   rawReader // reads without holding a chunk while it waits; nil where that cannot be done
	chunk *[chunkSize]byte
	small []byte // in place of a chunk, without raw
	ahead []byte // read, not yet taken: a part of chunk or small, or what came with the handshake
	meter frameMeter
	came  time.Time // when bytes were read last
}

// smallSize is how much is read at a time where a chunk would be held by every
// socket that waits.
const smallSize = 512

// rawReader reads into a chunk that it takes once the socket is readable.
type rawReader interface {
	read() (chunk *[chunkSize]byte, n int, err error)
}

// errTooLarge is read's error for a frame that says it is over the limit. What of it
// has not come yet need not.
var errTooLarge = errors.New("frame too large")

// What read says of a frame that breaks the protocol in a way that
// coder/websocket lets pass, or has no word for to the peer.
var (
	errUnmasked   = errors.New("a client's frames must be masked")
	errNotMinimal = errors.New("a frame's length must be written in as few bytes as it can be")
	errTopBit     = errors.New("a frame's length must be below 2^63")
)

func (b *inbox) init(conn net.Conn, limit int, early []byte) {
	b.conn, b.limit = conn, limit
	b.ahead = append(b.ahead, early...)
	b.raw = newRawReader(conn)
}

// waiting reports whether there is something that nobody has taken.
func (b *inbox) waiting() bool { return len(b.ahead) > 0 }

// fill waits for bytes, when there are none. An error leaves it empty.
func (b *inbox) fill() error {
	b.release()
	if b.raw == nil {
		if b.small == nil {
			b.small = make([]byte, smallSize)
		}
		n, err := b.conn.Read(b.small)
		return b.filled(b.small[:n], err)
	}
	chunk, n, err := b.raw.read()
	if n > 0 {
		b.chunk = chunk
		return b.filled(chunk[:n], nil)
	}
	return err
}

func (b *inbox) filled(with []byte, err error) error {
	if len(with) == 0 {
		return err
	}
	b.ahead, b.came = with, time.Now()
	return nil
}

// message takes a message that is there as a whole, in one frame within the
// limit. It stays valid until fill or release. Without such a message ok is
// false and nothing was taken.
func (b *inbox) message() (m Message, ok bool) {
	header, length := messageHeader(b.ahead)
	if header == 0 || length > uint64(b.limit) || uint64(len(b.ahead)-header) < length {
		return Message{}, false
	}
	end := header + int(length)
	m = b.begun(header)
	m.Payload = b.ahead[header:end:end]
	b.ahead = b.ahead[end:]
	return m, true
}

// open takes the header of a message in one frame within the limit, of which
// length bytes are left to read. Without such a header ok is false and nothing
// was taken.
func (b *inbox) open() (m Message, length int, ok bool) {
	header, left := messageHeader(b.ahead)
	if header == 0 || left > uint64(b.limit) {
		return Message{}, 0, false
	}
	m = b.begun(header)
	b.meter.pass(b.ahead[:header])
	b.ahead = b.ahead[header:]
	return m, int(left), true
}

// begun is the message whose header lies ahead.
func (b *inbox) begun(header int) Message {
	return Message{Kind: Kind(b.ahead[0]), Mask: binary.LittleEndian.Uint32(b.ahead[header-4:])}
}

// messageHeader reads the header of a frame that is a whole message. It returns
// zeros when there is another at the start of b, or not all of it.
func messageHeader(b []byte) (header int, length uint64) {
	if len(b) < minHeader || Kind(b[0]) != Text && Kind(b[0]) != Binary || b[1] < masked {
		return 0, 0
	}
	switch n := b[1] &^ masked; {
	case n < 126:
		return minHeader, uint64(n)
	case n == 126 && len(b) >= minHeader+2:
		if length = uint64(binary.BigEndian.Uint16(b[2:])); length > longestInByte {
			return minHeader + 2, length
		}
	case n == 127 && len(b) >= maxHeader:
		if length = binary.BigEndian.Uint64(b[2:]); length > math.MaxUint16 && length <= math.MaxInt64 {
			return maxHeader, length
		}
	}
	return 0, 0
}

// read copies to p of the frame that is read, and waits for bytes if there are
// none. The middle of a large frame goes straight to p.
func (b *inbox) read(p []byte) (int, error) {
	if len(b.ahead) == 0 {
		if b.meter.left >= chunkSize && len(p) >= chunkSize {
			b.release()
			n, err := b.conn.Read(p[:min(uint64(len(p)), b.meter.left)])
			b.meter.left -= uint64(n)
			b.came = time.Now()
			return n, err
		}
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	n := b.meter.pass(b.ahead[:min(len(p), len(b.ahead))])
	if b.meter.fault != nil {
		return 0, b.meter.fault
	}
	if b.meter.left > 0 && b.meter.payloadLength() > uint64(b.limit) && !b.meter.control() {
		return 0, errTooLarge
	}
	copy(p, b.ahead[:n])
	if b.ahead = b.ahead[n:]; len(b.ahead) == 0 {
		b.release()
	}
	return n, nil
}

// release gives the chunk back, with what is left in it.
func (b *inbox) release() {
	b.ahead = nil
	if b.chunk != nil {
		chunks.Put(b.chunk)
		b.chunk = nil
	}
}

const (
	masked        = 0x80   // the bit beside a frame's length
	longestInByte = 125    // beyond, the length stands in the bytes that follow
	minHeader     = 2 + 4  // with its mask
	maxHeader     = 10 + 4 // with a length of 64 bits
)

// frameMeter follows the frames in a stream of bytes, to tell where each ends.
// What a frame holds is no concern of its.
type frameMeter struct {
	header [maxHeader]byte
	have   int    // bytes of the next header that have passed
	left   uint64 // bytes of the frame to come
	fault  error  // of the header that passed last; for ever
}

// pass returns how many bytes at the start of b, of which there is one at
// least, belong to one frame, and counts them as passed.
func (m *frameMeter) pass(b []byte) int {
	n := 0
	for m.left == 0 && n < len(b) {
		m.header[m.have] = b[n]
		m.have++
		n++
		if m.have == m.headerLength() {
			m.left, m.have = m.payloadLength(), 0
			m.fault = m.check()
			if m.left == 0 || m.fault != nil {
				return n
			}
		}
	}
	rest := min(m.left, uint64(len(b)-n))
	m.left -= rest
	return n + int(rest)
}

// check says what is wrong with a header that has passed.
func (m *frameMeter) check() error {
	short := m.header[1] &^ masked
	switch {
	case m.header[1]&masked == 0:
		return errUnmasked
	case short == 126 && m.left <= longestInByte, short == 127 && m.left <= math.MaxUint16:
		return errNotMinimal
	case m.left > math.MaxInt64:
		return errTopBit
	}
	return nil
}

// control reports whether the frame that passes is a control frame, of which
// coder/websocket knows how long they may be.
func (m *frameMeter) control() bool { return m.header[0]&0x8 != 0 }

// headerLength returns how long the header is, as far as can be told.
func (m *frameMeter) headerLength() int {
	n := 2
	if m.have < n {
		return n
	}
	switch m.header[1] &^ masked {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if m.header[1]&masked != 0 {
		n += 4
	}
	return n
}

func (m *frameMeter) payloadLength() uint64 {
	switch n := m.header[1] &^ masked; n {
	case 126:
		return uint64(binary.BigEndian.Uint16(m.header[2:]))
	case 127:
		return binary.BigEndian.Uint64(m.header[2:])
	default:
		return uint64(n)
	}
}
