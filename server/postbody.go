package server

import (
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"syscall"
	"time"

	"penstock/protocol"
	"penstock/server/budget"
)

// fits refuses a body that says itself that it is too long.
func (p *post) fits(r *http.Request) *protocol.Error {
	most := int64(p.server.opt.MaxMessageBytes)
	if r.ContentLength > most {
		return protocol.WrongCount(protocol.TooLarge, int(most), int(min(r.ContentLength, math.MaxInt32)), "the body has too many bytes; send fewer rows in a request")
	}
	return nil
}

// firstBody is how many bytes are made room for before any of a body has come.
const firstBody = 4 << 10

// read reads the body, which takes memory from the budget as it comes, and not as it
// announces. Where others need that, it is given up before it has come whole, as a
// message on a WebSocket is.
func (p *post) read(w http.ResponseWriter, r *http.Request) ([]byte, *protocol.Error) {
	expectBody(w, p.came.Add(postTimeout))
	control := http.NewResponseController(w)
	count := p.holder.Read(func() { _ = control.SetReadDeadline(time.Unix(1, 0)) })
	defer count.Done()
	source := http.MaxBytesReader(w, r.Body, int64(p.server.opt.MaxMessageBytes))
	var body []byte
	for {
		if len(body) == cap(body) {
			size := max(2*cap(body), firstBody)
			if announced := int(r.ContentLength) + 1; announced > len(body) { // one more, to see the end
				size = min(size, announced)
			}
			if !count.Grow(int64(size - cap(body))) {
				return nil, noMemory()
			}
			body = append(make([]byte, 0, size), body...)
		}
		n, err := source.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case err == io.EOF:
			if p.kept = count.Keep(); p.kept == 0 && len(body) > 0 {
				return nil, noMemory()
			}
			_ = control.SetReadDeadline(time.Time{})
			return body, nil
		case err != nil:
			return nil, p.broken(count, err)
		}
	}
}

// broken says why a body cannot be read.
func (p *post) broken(count *budget.Message, err error) *protocol.Error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return protocol.Errorf(protocol.TooLarge, "the body has more than %d bytes; send fewer rows in a request", tooLarge.Limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.late = true
		if !count.Grow(0) {
			return noMemory()
		}
		return protocol.Errorf(protocol.BadMessage, "the body has not come whole within %v", postTimeout)
	}
	p.gone = errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	return protocol.Errorf(protocol.BadMessage, "the body cannot be read; send it with Content-Length, or in chunks that are well formed")
}
