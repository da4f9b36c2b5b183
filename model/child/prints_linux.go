package child

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"
)

// What a process prints is logged, line by line, up to so many in a second, and so much
// of each. The rest is read and left out, which is not to cost the server a processor
// however fast it comes: chunk and breather make that at most some 100 MB/s, beyond
// which the process waits.
const (
	linesPerSecond = 20
	longestLine    = 2000     // bytes
	chunk          = 64 << 10 // bytes
	breather       = 500 * time.Microsecond
)

// lastLine keeps the last line that a process printed.
type lastLine struct {
	mu   sync.Mutex
	text string
}

func (l *lastLine) set(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text
}

func (l *lastLine) get() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

// logLines logs what comes until its end.
func logLines(c Config, out io.Reader, last *lastLine) {
	p := prints{config: c, last: last, second: time.Now()}
	data := make([]byte, chunk)
	for {
		n, err := out.Read(data)
		p.take(data[:n])
		if err != nil {
			p.end()
			return
		}
		if p.full() {
			time.Sleep(breather) //nolint:forbidigo // what it measures is a processor, and no test waits for it
		}
	}
}

// prints is what a process prints.
type prints struct {
	config Config
	last   *lastLine

	part            []byte    // of a line, whose end has not come
	second          time.Time // began then
	logged, dropped int       // lines: in this second, and since one was logged
}

// full tells that no more is logged in this second.
func (p *prints) full() bool {
	if now := time.Now(); now.Sub(p.second) >= time.Second {
		p.second, p.logged = now, 0
	}
	return p.logged >= linesPerSecond
}

func (p *prints) take(data []byte) {
	for len(data) > 0 {
		if p.full() { // only the last line may be of use
			if end := bytes.LastIndexByte(data, '\n'); end > 0 {
				if start := bytes.LastIndexByte(data[:end], '\n') + 1; start > 0 {
					p.dropped += bytes.Count(data[:start], []byte("\n"))
					p.part, data = p.part[:0], data[start:]
				}
			}
		}
		line, after, ended := bytes.Cut(data, []byte("\n"))
		p.part = append(p.part, line[:min(len(line), longestLine-len(p.part))]...)
		if !ended {
			return
		}
		p.end()
		data = after
	}
}

// end logs the line whose end has come.
func (p *prints) end() {
	text := strings.TrimSpace(plain(string(p.part)))
	p.part = p.part[:0]
	if text == "" {
		return
	}
	p.last.set(text)
	if p.full() {
		p.dropped++
		return
	}
	p.config.Log.Info("a process that runs a model prints", "name", p.config.Name, "text", text, "lines_left_out", p.dropped)
	p.logged, p.dropped = p.logged+1, 0
}
