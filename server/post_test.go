package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
	"penstock/server"
	"penstock/server/budget"
)

// post sends a body as curl does, and checks the status and, as matches does, the
// answer.
func (r *rig) post(path, body string, status int, want string, header ...string) *http.Response {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+path, strings.NewReader(body))
	r.must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded") // which is curl's, unless it is told
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := r.http.Do(request)
	r.must(err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	r.must(err)
	if response.StatusCode != status || !matches(string(answer), want) {
		r.t.Errorf("POST %s %.80s: %s %s; want %d %s", path, body, response.Status, answer, status, want)
	}
	return response
}

// TestPost: what a WebSocket takes as a message, HTTP takes as a body, with the same
// answers and the same errors.
func TestPost(t *testing.T) {
	r := start(t, setup{more: []model.Model{named{&modeltest.Oracle{Features: 1}, "second"}},
		server: func(o *server.Options) { o.MaxRows, o.MaxMessageBytes = 4, 1000 }})
	for _, c := range []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"a prediction", "/v1/predict", r.request("1", 7), 200, r.prediction("1", 7)},
		{"with a type", "/v1/predict", r.fill(`{"type":"predict","features":«1»,"request_id":"x"}`), 200, r.prediction(`"x"`, 1)},
		{"without an id", "/v1/predict", r.fill(`{"features":«3»}`), 200, r.prediction("null", 3)},
		{"many rows", "/v1/predict", r.fill(`{"features":[«1»,«2»],"request_id":2}`), 200, `{"type":"prediction","request_id":2,"prediction":["1","2"],…}`},
		{"another model", "/v1/predict", `{"features":[4],"model":"second","request_id":3}`, 200, `{"type":"prediction","request_id":3,…"model":"second",…}`},
		{"a version", "/v1/predict", `{"features":[4],"model":"second@1","request_id":4}`, 200, `{"type":"prediction","request_id":4,…"model":"second",…}`},
		{"no such model", "/v1/predict", `{"features":[4],"model":"third","request_id":3}`, 404, typedError("3", "unknown_model")},
		{"no JSON", "/v1/predict", `{"features"`, 400, typedError("null", "bad_json")},
		{"no UTF-8", "/v1/predict", "{\"features\":[1],\"request_id\":\"\xff\"}", 400, typedError("null", "bad_json")},
		{"too few features", "/v1/predict", `{"features":[1,2],"request_id":5}`, 400, typedError("5", "bad_features")},
		{"too many rows", "/v1/predict", `{"features":[[1],[1],[1],[1],[1]],"request_id":5}`, 413, typedError("5", "too_many_rows")},
		{"too many bytes", "/v1/predict", `{"request_id":6,"features":[` + strings.Repeat(" ", 1000) + `1]}`, 413, typedError("null", "too_large")},
		{"labels in the wrong place", "/v1/predict", `{"type":"feedback","request_id":1,"label":"7"}`, 400, typedError("1", "bad_message")},
		{"rows in the wrong place", "/v1/feedback", r.request("1", 7), 400, typedError("1", "bad_message")},
		{"a ping", "/v1/predict", `{"type":"ping"}`, 400, typedError("null", "bad_message")},
		{"a label", "/v1/feedback", `{"request_id":1,"label":"7"}`, 200, `{"type":"feedback_ok","request_id":1,"correct":true}`},
		{"the label again", "/v1/feedback", `{"type":"feedback","request_id":1,"label":"7"}`, 409, typedError("1", "duplicate_feedback")},
		{"a label of no class", "/v1/feedback", `{"request_id":"x","label":"cat"}`, 400, typedError(`"x"`, "bad_label")},
		{"a label of nothing", "/v1/feedback", `{"request_id":77,"label":"1"}`, 404, typedError("77", "unknown_request")},
		{"no label", "/v1/feedback", `{"request_id":"x"}`, 400, typedError(`"x"`, "bad_label")},
		{"labels", "/v1/feedback", `{"request_id":2,"labels":["1","9"]}`, 200, `{"type":"feedback_ok","request_id":2,"correct":[true,false]}`},
		{"a bad session", "/v1/predict?session=x", r.request("1", 7), 400, `{…"code":"bad_session",…}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			r.post(c.path, c.body, c.status, c.want)
		})
	}
	r.t = t
	if l := r.Traffic(); l.Received != 14 || l.Predicted != 6 || l.Errors != 8 {
		t.Errorf("ledger %+v; want 14 requests: 6 predictions and 8 errors", l)
	}
}

// TestPostAndSocket: a session is one, whichever way its messages come.
func TestPostAndSocket(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict" + session)
	p.ask(r.request("1", 7), r.prediction("1", 7))
	r.post("/v1/feedback"+session, `{"request_id":1,"label":"7"}`, 200, `{"type":"feedback_ok","request_id":1,"correct":true}`)
	r.post("/v1/predict"+session, r.request("2", 8), 200, r.prediction("2", 8))
	p.ask(`{"type":"feedback","request_id":2,"label":"8"}`, `{"type":"feedback_ok","request_id":2,"correct":true}`)
	r.post("/v1/feedback", `{"request_id":2,"label":"7"}`, 404, typedError("2", "unknown_request"))
}

// TestPostFromPages: a page of a foreign origin may not post, one of an allowed origin
// may after it has asked.
func TestPostFromPages(t *testing.T) {
	r := start(t, setup{server: func(o *server.Options) { o.AllowOrigins = []string{"https://page.example"} }})
	r.post("/v1/predict", r.request("1", 7), 403, `{…"code":"origin_not_allowed",…}`, "Origin", "https://other.example")
	answer := r.post("/v1/predict", r.request("1", 7), 200, r.prediction("1", 7), "Origin", "https://page.example")
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "https://page.example" {
		t.Errorf("Access-Control-Allow-Origin is %q; want the page's", got)
	}
	answer, _ = r.do(http.MethodOptions, "/v1/predict", "Origin", "https://page.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	h := answer.Header
	if answer.StatusCode != http.StatusNoContent || h.Get("Access-Control-Allow-Methods") != "POST" || h.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type" {
		t.Errorf("preflight: %s %v; want POST with Content-Type to be allowed", answer.Status, h)
	}
	answer, _ = r.get("/v1/predict")
	if answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %s, Allow %q; want 405 and POST", answer.Status, answer.Header.Get("Allow"))
	}
}

// TestPostWhileItWaits: a client that goes away is counted and holds nothing; a
// drain answers those who wait.
func TestPostWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := gate()
		r := start(t, setup{oracle: o, pool: oneByOne, inMemory: true})
		ctx, leave := context.WithCancel(context.Background())
		gone := make(chan error)
		go func() {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/v1/predict", strings.NewReader(r.request("1", 1001)))
			if err == nil {
				var response *http.Response
				if response, err = r.http.Do(request); err == nil {
					_ = response.Body.Close()
				}
			}
			gone <- err
		}()
		synctest.Wait()
		if s := r.pools[0].Stats(); s.InFlight != 1 {
			t.Errorf("%d requests are in flight; want 1", s.InFlight)
		}
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v; want that it was cancelled", err)
		}
		synctest.Wait()
		if l := r.Traffic(); l.Undeliverable != 1 {
			t.Errorf("ledger %+v; want one that nobody waited for", l)
		}
		open()
		r.post("/v1/predict", r.request("2", 2), 200, r.prediction("2", 2))
	})
}

// TestPostToAFailingModel: errors of the engine have their status too.
func TestPostToAFailingModel(t *testing.T) {
	o := &modeltest.Oracle{Features: 3, Classes: 10, OnRow: func(nonce uint32) modeltest.Fate {
		switch nonce {
		case 500:
			return modeltest.Fate{Err: errors.New("poison")}
		case 501:
			return modeltest.Fate{Err: model.ErrUnavailable}
		}
		return modeltest.Fate{}
	}}
	r := start(t, setup{oracle: o, pool: inference.Options{Workers: 1}})
	r.post("/v1/predict", r.request("1", 500), 500, typedError("1", "model_error"))
	answer := r.post("/v1/predict", r.request("2", 501), 503, typedError("2", "unavailable"))
	if answer.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	r.post("/v1/predict", r.request("3", 3), 200, r.prediction("3", 3))
}

// TestPostRefusedUnread: who is refused before the body is read hears so at once,
// whether or not the body ever comes; net/http would wait for it first.
func TestPostRefusedUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		began := time.Now()
		for _, head := range []string{
			"PUT /v1/predict HTTP/1.1\r\nHost: localhost",
			"GET /v1/feedback HTTP/1.1\r\nHost: localhost",
			"POST /v1/predict?session=x HTTP/1.1\r\nHost: localhost",
			"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example",
			"OPTIONS /v1/predict HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST",
			"POST /v1/predict HTTP/1.1\r\nHost: evil.example",
			"GET / HTTP/1.1\r\nHost: evil.example",
			"GET /nowhere HTTP/1.1\r\nHost: localhost",
		} {
			for _, body := range []string{"Content-Length: 1000", "Transfer-Encoding: chunked"} {
				response, answer := r.open().handshake(head + "\r\n" + body + "\r\n\r\n")
				if waited := time.Since(began); response.StatusCode < 400 || !response.Close || waited > 0 {
					t.Errorf("%s, %s: %s %s after %v; want a refusal at once, and the connection closed", head, body, response.Status, answer, waited)
				}
			}
		}
	})
}

// TestPostBrokenOff: who leaves in the middle of a body was never answered.
func TestPostBrokenOff(t *testing.T) {
	r := start(t, setup{})
	w := r.open()
	_, err := io.WriteString(w, "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
	r.must(err)
	r.must(w.Close())
	eventually(t, "an end in the ledger that nobody heard of", func() bool { return r.Traffic().Undeliverable == 1 })
}

// TestPostAnswerUnread: an answer that the client does not read counts as its memory
// until it is gone.
func TestPostAnswerUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(1 << 20)
		r := start(t, setup{inMemory: true, rigid: true, server: func(o *server.Options) { o.Budget = b }})
		idle := b.Used()
		nonces := make([]uint32, 200)
		body := r.fill(`{"features":`) + r.rows(nonces...) + `,"detail":["scores"]}`
		w := r.open()
		fmt.Fprintf(w, "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		synctest.Wait()
		answering := b.Used() - idle
		response, err := http.ReadResponse(w.in, nil)
		r.must(err)
		answer, err := io.ReadAll(response.Body)
		r.must(err)
		r.must(response.Body.Close())
		if response.StatusCode != http.StatusOK || len(answer) < 8<<10 || answering < int64(len(answer)) {
			t.Errorf("%s with %d bytes, of which %d counted while nobody read them", response.Status, len(answer), answering)
		}
		synctest.Wait()
		if left := b.Used() - idle; left != 0 {
			t.Errorf("%d bytes count after the answer has gone", left)
		}
	})
}

// TestPostFaults: a caller whose requests are wrong one after the other is told to wait,
// and heard again then; what it may not help counts for nothing.
func TestPostFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup{inMemory: true})
		for range 500 {
			r.post("/v1/predict", "{", 400, typedError("null", "bad_json"))
		}
		r.post("/v1/predict", r.request("1", 7), 429, `{"type":"error","request_id":null,"code":"rate_limited",…"retry_after_ms":#…}`)
		time.Sleep(10 * time.Millisecond)
		r.post("/v1/predict", r.request("1", 7), 200, r.prediction("1", 7))
		r.stop()
	})
}
