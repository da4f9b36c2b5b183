package server_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/server"
)

// TestRepliesComeBeforeTheClose: whoever writes requests and the end of the
// conversation at once gets every answer, then the close frame.
func TestRepliesComeBeforeTheClose(t *testing.T) {
	r := start(t, setup{server: func(o *server.Options) { o.MaxMessageBytes = smallLimit }, pool: inference.Options{Workers: 2, MaxBatch: 4}})
	for _, requests := range []int{1, 50} {
		for _, c := range []struct {
			name string
			end  []byte
			code int
		}{
			{"close 1000", masked(fin|closing, "\x03\xe8"), 1000},
			{"close 1001", masked(fin|closing, "\x03\xe9gone"), 1001},
			{"close with a reason that is not UTF-8", masked(fin|closing, "\x03\xe8\xff"), 1007},
			{"text that is not UTF-8", masked(fin|text, "\xff"), 1007},
			{"a message over the limit", header(fin|text, smallLimit+1), 1009},
			{"a frame without a mask", []byte{fin | text, 1, 'x'}, 1002},
			{"a reserved opcode", masked(fin|5, ""), 1002},
		} {
			t.Run(fmt.Sprintf("%d, then %s", requests, c.name), func(t *testing.T) {
				r.t = t
				for range 20 {
					w := r.upgraded("/ws/predict")
					var all [][]byte
					missing := map[string]uint32{}
					for id := range requests {
						all = append(all, masked(fin|text, r.request(fmt.Sprint(id), uint32(id))))
						missing[fmt.Sprint(id)] = uint32(id)
					}
					w.mustWrite(bytes.Join(append(all, c.end), nil))
					code, reason, texts := w.end()
					for _, reply := range texts {
						_, rest, _ := strings.Cut(reply, `"request_id":`)
						id, _, _ := strings.Cut(rest, ",")
						if n, asked := missing[id]; asked && matches(reply, r.prediction(id, n)) {
							delete(missing, id)
						}
					}
					if len(texts) != requests || len(missing) > 0 || code != c.code {
						t.Fatalf("%d replies, %d missing, then %d %s; want all %d, then %d", len(texts), len(missing), code, reason, requests, c.code)
					}
					_ = w.Conn.Close()
				}
			})
		}
	}
	r.t = t
}

// TestAModelHoldsUpNoGoodbyeForLong: the close frame waits for answers, but not
// for those that do not come.
func TestAModelHoldsUpNoGoodbyeForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := gate()
		r := start(t, setup{oracle: o, inMemory: true, pool: oneByOne})
		w := r.upgraded("/ws/predict")
		began := time.Now()
		w.mustWrite(masked(fin|text, r.request("1", 1001)), masked(fin|text, r.request("2", 2)), masked(fin|closing, "\x03\xe8"))
		if code, _, texts := w.end(); code != 1000 || len(texts) > 0 {
			t.Errorf("closed with %d after %q; want 1000 and no reply", code, texts)
		}
		if took := time.Since(began); took < time.Second || took > 6*time.Second {
			t.Errorf("closed after %v; want about 5 s", took)
		}
		open()
		_ = w.Conn.Close()
		synctest.Wait()
		if l := r.Traffic(); l.Undeliverable != 2 || l.Connections != 0 {
			t.Errorf("ledger %+v; want two undeliverable and nobody connected", l)
		}
	})
}

// TestAPeerThatIsGoneHoldsUpNothing: it said goodbye with requests in flight and
// did not stay to see their answers.
func TestAPeerThatIsGoneHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := gate()
		r := start(t, setup{oracle: o, inMemory: true, pool: oneByOne})
		w := r.upgraded("/ws/predict")
		w.mustWrite(masked(fin|text, r.request("1", 1001)), masked(fin|closing, "\x03\xe8"))
		synctest.Wait()
		_ = w.Conn.Close()
		open()
		synctest.Wait()
		if l := r.Traffic(); l.Connections != 0 {
			t.Errorf("ledger %+v; want nobody connected", l)
		}
	})
}
