package server_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

// TestIdleSocketsHoldNothing, whatever they sent before.
func TestIdleSocketsHoldNothing(t *testing.T) {
	var keys, names []string
	for i := range 100_000 {
		keys, names = append(keys, fmt.Sprintf(`"%d":0`, i)), append(names, fmt.Sprintf(`"%d"`, i))
	}
	for _, c := range []struct{ name, path, message, answer string }{
		{"labels", "/ws/predict", `{"type":"feedback","request_id":1,"labels":[0` + strings.Repeat(",0", 500_000) + `]}`, "{…"},
		{"unknown keys", "/ws/predict", `{` + strings.Join(keys, ",") + `,"type":"ping"}`, typedError("null", "bad_message")},
		{"a wide row", "/ws/predict", `{"request_id":1,"features":[0` + strings.Repeat(",0", 500_000) + `]}`, typedError("1", "bad_features")},
		{"models", "/ws/dashboard", `{"type":"subscribe","models":[` + strings.Join(names[:200], ",") + `]}`, ""},
		{"a long key", "/ws/predict", `{"` + strings.Repeat("x", 1_000_000) + `":0,"type":"ping"}`, `{"type":"pong"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			const sockets, most = 8, 256 << 10
			r := start(t, setup{})
			var peers []*peer
			for range sockets {
				peers = append(peers, r.connect(c.path))
			}
			before := held()
			for _, p := range peers {
				p.send(c.message)
				if c.answer != "" {
					p.expect(c.answer)
				}
				p.send(`{"type":"ping"}`)
				p.skipTo(`{"type":"pong"}`)
			}
			if grown := held() - before; grown > sockets*most {
				t.Errorf("%d idle sockets hold %d KiB each", sockets, grown>>10/sockets)
			}
			for _, p := range peers {
				p.leave()
			}
		})
	}
}

// TestAnnouncedBytesHoldNothing: memory is taken for what a client has sent, not
// for what it says it will.
func TestAnnouncedBytesHoldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sockets, sent, most = 50, 600, 16 << 10
		r := start(t, setup{inMemory: true})
		var peers []*wire
		for range sockets {
			peers = append(peers, r.upgraded("/ws/predict"))
		}
		synctest.Wait()
		before := held()
		for _, w := range peers {
			if _, err := w.Write(append(header(fin|0x2, 1<<20), make([]byte, sent)...)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if grown := held() - before; grown > sockets*most {
			t.Errorf("%d bytes of an announced mebibyte hold %d KiB", sent, grown>>10/sockets)
		}
		for _, w := range peers {
			_ = w.Close()
		}
	})
}

// held is the memory in use after two collections, which empty what is pooled.
func held() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
