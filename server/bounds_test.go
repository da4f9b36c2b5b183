package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/outputs"
	"penstock/protocol"
	"penstock/server"
	"penstock/server/budget"
)

// oneOfMany is a model of one feature whose replies are long.
func oneOfMany() *modeltest.Oracle { return &modeltest.Oracle{Features: 1, Classes: 1000} }

// many is a request for so many rows with all their scores.
func many(r *rig, id, rows int) string {
	return fmt.Sprintf(`{"features":[%s],"request_id":%d,"detail":["scores"],"top_k":1048576}`,
		strings.TrimSuffix(strings.Repeat(r.row(7)+",", rows), ","), id)
}

// TestRepliesThatNeverFit are refused with what would.
func TestRepliesThatNeverFit(t *testing.T) {
	r := start(t, setup{oracle: oneOfMany()})
	p := r.connect("/ws/predict")
	p.ask(many(r, 1, 1024), `{"type":"error","request_id":1,"code":"too_large","message":"…","retryable":false,"expected":2097152,"got":#}`)
	p.ask(strings.Replace(many(r, 2, 1024), `,"detail":["scores"],"top_k":1048576`, "", 1), `{"type":"prediction","request_id":2,…}`)
	p.leave()
}

// TestLongReplies are whole and right, come beside short ones, and before the
// end of the socket.
func TestLongReplies(t *testing.T) {
	r := start(t, setup{oracle: oneOfMany()})
	p := r.connect("/ws/predict")
	type reply struct {
		ID     int         `json:"request_id"`
		Scores [][]float32 `json:"scores"`
		Top    [][]struct {
			Label      string
			Confidence float32
		}
	}
	const requests, rows = 20, 20
	for id := range requests {
		p.send(many(r, id, rows))
		p.send(r.request(fmt.Sprint(1000+id), 7))
	}
	want := r.oracle.Want(7)
	seen := make(map[int]bool)
	for range 2 * requests {
		got := decode[reply](t, p.receive())
		if seen[got.ID] {
			t.Fatalf("request %d is answered twice", got.ID)
		}
		seen[got.ID] = true
		if got.ID >= 1000 {
			continue
		}
		if len(got.Scores) != rows || len(got.Top) != rows {
			t.Fatalf("request %d: scores of %d rows, top of %d", got.ID, len(got.Scores), len(got.Top))
		}
		for row := range rows {
			if len(got.Top[row]) != len(want) || got.Top[row][0].Confidence != want[7] || got.Top[row][0].Label != "7" {
				t.Fatalf("row %d: top begins with %v", row, got.Top[row][0])
			}
			for i, score := range got.Scores[row] {
				if score != want[i] {
					t.Fatalf("row %d has %v for class %d; want %v", row, score, i, want[i])
				}
			}
		}
	}
	p.leave()
}

// TestLongRepliesBeforeTheEnd: a drain closes no socket that is owed one.
func TestLongRepliesBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{oracle: oneOfMany(), inMemory: true})
		p := r.connect("/ws/predict")
		p.ask(r.request("0", 1), r.prediction("0", 1))
		for id := range 3 {
			p.send(many(r, 1+id, 3))
		}
		synctest.Wait()
		wait := r.drain(time.Minute)
		answers := 0
		for {
			text, err := p.read()
			if err != nil {
				if websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Errorf("closed with %v", err)
				}
				break
			}
			if strings.HasPrefix(text, `{"type":"prediction"`) {
				answers++
			}
		}
		if answers != 3 {
			t.Errorf("%d of 3 long replies came before the close frame", answers)
		}
		if err := wait(); err != nil {
			t.Error(err)
		}
	})
}

// TestOwedRepliesAreBounded: a client that never reads is owed no more than the
// bound, whatever it asks for.
func TestOwedRepliesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 256 << 10
		b := budget.New(0)
		r := start(t, setup{oracle: oneOfMany(), inMemory: true, rigid: true, server: func(o *server.Options) {
			o.MaxReplyBytes, o.Budget = limit, b
		}})
		w := r.upgraded("/ws/predict")
		synctest.Wait()
		before := b.Used()
		request := frame(fin|text, many(r, 1, 2))
		go func() {
			var err error
			for err == nil {
				_, err = w.Write(request)
			}
		}()
		for range 4 {
			time.Sleep(time.Second)
			if held := b.Used() - before; held < limit/4 || held > limit+errorRoom {
				t.Errorf("a socket that reads nothing holds %d bytes", held)
			}
		}
		time.Sleep(1300 * time.Millisecond)
		if code, reason, _ := w.end(); code != 1008 || reason != protocol.ReasonSlow {
			t.Errorf("closed with %d %s", code, reason)
		}
		synctest.Wait()
		if b.Used() != 0 {
			t.Errorf("%d bytes are left", b.Used())
		}
	})
}

// errorRoom is for typed errors, beside replies.
const errorRoom = 300 << 10

// TestMemoryIsShed: requests that there is no memory for are refused, for as
// long as that is so; who holds nothing is still served.
func TestMemoryIsShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(1 << 20)
		o, open := gate()
		o.Features, o.Classes = 1, 1000
		r := start(t, setup{oracle: o, pool: oneByOne, inMemory: true, server: func(opt *server.Options) { opt.Budget = b }})
		greedy, modest := r.connect("/ws/predict"), r.connect("/ws/predict")
		greedy.send(r.request("1", 1001)) // holds the worker
		synctest.Wait()
		refused := 0
		for id := 2; refused == 0; id++ {
			greedy.send(many(r, id, 2))
			synctest.Wait()
			if b.Refused() > 0 {
				refused = id
			}
			if id > 100 {
				t.Fatalf("%d bytes are held, and nothing was refused", b.Used())
			}
		}
		greedy.expect(fmt.Sprintf(`{"type":"error","request_id":%d,"code":"overloaded","message":"…memory…","retryable":true,"retry_after_ms":1000}`, refused))
		modest.send(r.request("1", 5))
		synctest.Wait()
		open()
		modest.expect(r.prediction("1", 5))
		for range refused - 1 {
			greedy.expect(`{"type":"prediction",…`)
		}
		greedy.ask(many(r, 1, 2), `{"type":"prediction","request_id":1,…`)
		greedy.leave()
		modest.leave()
		synctest.Wait()
		if b.Used() != 0 {
			t.Errorf("%d bytes are left", b.Used())
		}
		if l := r.Traffic(); l.Shed != 1 {
			t.Errorf("ledger %+v; want one request shed", l)
		}
	})
}

// TestHalfSentMessagesMakeRoom: they have half of the memory, and who has held
// most of it for longest is closed with 1013.
func TestHalfSentMessagesMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(1 << 20)
		r := start(t, setup{inMemory: true, server: func(o *server.Options) { o.Budget = b }})
		healthy := r.connect("/ws/predict")
		var half []*wire
		for range 6 { // of 128 KiB each, with the room that their growing buffers have
			w := r.upgraded("/ws/predict")
			w.mustWrite(header(fin|text, 100_000), make([]byte, 90_000))
			half = append(half, w)
			synctest.Wait()
			time.Sleep(100 * time.Millisecond)
		}
		if b.Dropped() == 0 || b.Used() > 1<<20 {
			t.Errorf("%d dropped, %d bytes held", b.Dropped(), b.Used())
		}
		code, reason, _ := half[0].end()
		if code != 1013 || !strings.Contains(reason, "memory") {
			t.Errorf("the oldest was closed with %d %q; want 1013", code, reason)
		}
		healthy.ask(r.request("1", 5), r.prediction("1", 5))
		last := half[len(half)-1]
		last.mustWrite([]byte(strings.Repeat(" ", 10_000)))
		last.expect(`{"type":"error","request_id":null,"code":"bad_json",…`)
		for _, w := range half {
			_ = w.Close()
		}
		healthy.leave()
		synctest.Wait()
		if b.Used() != 0 {
			t.Errorf("%d bytes are left", b.Used())
		}
	})
}

// TestPanicInAReply costs the socket that is owed the reply, and no other: here a
// kind of output that fails when it decides, and one that fails when it writes.
func TestPanicInAReply(t *testing.T) {
	for where, spoil := range map[string]func(*outputs.Kind){
		"deciding": func(k *outputs.Kind) {
			k.Decide = func(model.Output) outputs.Decider {
				return func(int, []float32, int, *outputs.Decided) { panic("undecided") }
			}
		},
		"writing": func(k *outputs.Kind) {
			k.Format = func(model.Output) protocol.Format { return unwritable{protocol.ValuesFormat(1)} }
		},
	} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { panicInAReply(t, spoil) })
		})
	}
}

// unwritable panics when it is to write.
type unwritable struct{ protocol.Format }

func (unwritable) AppendPrediction([]byte, []float32, []float32, []float32) []byte {
	panic("illegible")
}

func panicInAReply(t *testing.T, spoil func(*outputs.Kind)) {
	kinds := outputs.Standard()
	spoil(&kinds[slices.IndexFunc(kinds, func(k outputs.Kind) bool { return k.Name == model.Values })])
	r := start(t, setup{
		inMemory: true, kinds: kinds,
		more: []model.Model{named{&modeltest.Oracle{Features: 1}, "second"}},
	})
	healthy, unlucky := r.connect("/ws/predict"), r.connect("/ws/predict")
	for id := range 3 {
		unlucky.ask(r.request(fmt.Sprint(id), 3), r.prediction(fmt.Sprint(id), 3))
	}
	unlucky.send(`{"features":[5],"model":"second","request_id":9}`)
	unlucky.expectClose(1011, "internal error")
	for id := range 3 {
		healthy.ask(r.request(fmt.Sprint(id), 3), r.prediction(fmt.Sprint(id), 3))
	}
	r.post("/v1/predict", `{"features":[5],"model":"second","request_id":9}`, 500, typedError("9", "internal"))
	healthy.leave()
	synctest.Wait()
	if l := r.Traffic(); l.Undeliverable != 2 || l.Predicted != 6 {
		t.Errorf("ledger %+v; want 6 predicted, and 2 undeliverable", l)
	}
}

// TestSteadySlowReader: who takes some of what it is owed is not cut off,
// however long the whole takes.
func TestSteadySlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{oracle: oneOfMany(), inMemory: true})
		w := r.upgraded("/ws/predict")
		go func() {
			for id := range 40 {
				if _, err := w.Write(frame(fin|text, many(r, id, 2))); err != nil {
					return
				}
			}
		}()
		began := time.Now()
		for range 40 {
			time.Sleep(time.Second)
			op, payload, err := w.next()
			if err != nil || op != text || !strings.HasPrefix(string(payload), `{"type":"prediction"`) {
				t.Fatalf("after %v: opcode %x, %.100s, %v", time.Since(began), op, payload, err)
			}
		}
		_ = w.Close()
	})
}
