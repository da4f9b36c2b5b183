package socket_test

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"penstock/protocol"
	"penstock/server/socket"
)

// TestPartPaysWhatIsOwed: requests that were taken get their answers before the
// close frame, for about five seconds.
func TestPartPaysWhatIsOwed(t *testing.T) {
	bad := masked(fin|text, "\xff")
	t.Run("answers that come", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			w := start(t, setup{inMemory: true, gate: gate}).upgraded("/worker")
			w.mustWrite(masked(fin|text, "first"), masked(fin|text, "second"), bad)
			time.Sleep(2 * time.Second)
			close(gate)
			w.expect("first")
			w.expect("second")
			w.closed(1007, "a text message must be UTF-8")
		})
	})
	t.Run("answers that do not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			r := start(t, setup{inMemory: true, gate: gate})
			w := r.upgraded("/worker")
			began := time.Now()
			w.mustWrite(masked(fin|text, "first"), bad)
			w.closed(1007, "a text message must be UTF-8")
			if took := time.Since(began); took < time.Second || took > 6*time.Second {
				t.Errorf("closed after %v; want about 5 s", took)
			}
			close(gate) // whose answer is forgiven: stop checks that nothing is held
		})
	})
}

// custom has the connections of a rig act on messages as handle says.
func custom(handle func(*socket.Conn, string)) func(*socket.Conn) {
	return func(conn *socket.Conn) {
		conn.Start(func() {
			conn.Messages(socket.Handler{Message: func(m socket.Message) { handle(conn, string(m.Plain())) }})
		})
	}
}

// TestGoodbye: what was appended before comes before the close frame, nothing
// comes after it, and messages are not acted on.
func TestGoodbye(t *testing.T) {
	for name, end := range map[string]func(*socket.Conn){
		"goodbye": func(c *socket.Conn) { c.Goodbye(protocol.ClosePolicy, "enough") },
		"expel":   func(c *socket.Conn) { c.Expel("enough") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var acted atomic.Int32
				r := start(t, setup{inMemory: true, connected: custom(func(conn *socket.Conn, m string) {
					acted.Add(1)
					conn.Send(socket.Text, []byte("before"))
					end(conn)
					conn.Send(socket.Text, []byte("after"))
					conn.Goodbye(protocol.CloseNormal, "another")
				})})
				w := r.upgraded("/custom")
				began := time.Now()
				w.mustWrite(bytes.Join([][]byte{masked(fin|text, "one"), masked(fin|text, "two")}, nil))
				w.expect("before")
				w.closed(1008, "enough")
				synctest.Wait()
				if took := time.Since(began); acted.Load() != 1 || r.hub.Count() != 0 || took > 4*time.Second {
					t.Errorf("%d messages were acted on, and after %v %d connections are left", acted.Load(), took, r.hub.Count())
				}
			})
		})
	}
}

// TestPanics cost the connection that they are on account of, and no other.
func TestPanics(t *testing.T) {
	for name, blow := range map[string]func(*socket.Conn){
		"of the reader": func(*socket.Conn) { panic("the reader") },
		"of another": func(c *socket.Conn) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer c.Contain()
				panic("another")
			}()
			<-done
		},
		"of a late answer": func(c *socket.Conn) {
			o := c.Outbox()
			o.Lock()
			defer o.Unlock()
			debt := socket.Debt{Frame: 1 << 20, Rows: 5}
			if !o.Take(debt) {
				panic("no memory")
			}
			o.AnswerLate(explosive{}, socket.Text, debt)
			c.Appended()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told atomic.Int32
				s := setup{inMemory: true, connected: custom(func(c *socket.Conn, _ string) { blow(c) })}
				s.hub.Panicked = func(any) { told.Add(1) }
				r := start(t, s)
				w, other := r.upgraded("/custom"), r.upgraded("/echo")
				w.mustWrite(masked(fin|text, "x"))
				for {
					op, payload, err := w.next()
					if err != nil {
						break
					}
					if code := int(payload[0])<<8 | int(payload[1]); op != closing || code != protocol.CloseInternal {
						t.Errorf("opcode %x with %q came; want 1011, or the end", op, payload)
					}
				}
				other.mustWrite(masked(fin|text, "still served"))
				other.expect("still served")
				if told.Load() != 1 {
					t.Errorf("told of %d panics; want 1", told.Load())
				}
			})
		})
	}
}

type explosive struct{}

func (explosive) Append([]byte) []byte { panic("a late answer") }

// TestAnnounce tells those who are there and those who come later, and Close ends
// all with 1001.
func TestAnnounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		here := r.upgraded("/echo")
		r.hub.Announce([]byte("soon"))
		later := r.upgraded("/echo")
		here.expect("soon")
		later.expect("soon")
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			r.stop()
		}()
		here.closed(1001, socket.ErrClosed.Error())
		later.closed(1001, socket.ErrClosed.Error())
		<-stopped
		if _, err := r.hub.Enter(socket.Visitor{}); err != socket.ErrClosed { //nolint:errorlint // it is that very one
			t.Errorf("a closed hub says %v", err)
		}
	})
}

// TestIdleComesBeforeWaiting: what messages needed is let go of only then.
func TestIdleComesBeforeWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := start(t, setup{inMemory: true, connected: func(conn *socket.Conn) {
			conn.Start(func() {
				conn.Messages(socket.Handler{
					Message: func(m socket.Message) { log.Write(m.Plain()) },
					Idle:    func() { log.WriteByte('-') },
				})
			})
		}})
		w := r.upgraded("/custom")
		synctest.Wait()
		w.mustWrite(append(masked(fin|text, "a"), masked(fin|text, "b")...))
		synctest.Wait()
		w.mustWrite(masked(fin|text, "c"))
		synctest.Wait()
		if got := log.String(); got != "-ab-c-" {
			t.Errorf("%s; want idle before each wait, and not between messages that came together", got)
		}
		r.stop()
	})
}
