//go:build linux

package catalogue_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func standingEntries() []entry {
	return []entry{
		{13, "a token that expires in mid-connection", "requests before, at and after the end of the token", "a `token_expiring` notice; what was accepted is answered; nothing is accepted after; closed with 1008 `token_expired`", true, expires, ""},
		{13, "a token that is renewed", "`auth` with a fresh token of the same user before the end", "`auth_ok`; the connection outlives the first token", true, renewed, ""},
		{13, "another user's token on a connection", "`auth` with the good token of another user", "E:`forbidden`; the connection stays whose it was", false, func(s *scene) {
			p := s.member("/ws/predict")
			p.ask(`{"type":"auth","token":"`+s.token(s.T, "somebody", time.Hour)+`"}`, typed("null", "forbidden"))
			p.mustServe()
			p.ask(`{"type":"auth","token":"`+s.mine()+`"}`, `{"type":"auth_ok","user":"`+s.name+`",…}`)
		}, ""},
		{13, "a bad token on a connection", "`auth` with a token that is refused, again and again", "E:`unauthorized`, then E:`rate_limited`; the connection stays", false, badRenewal, ""},
		{13, "an event stream whose token expires", "nothing: a stream of `/events` is open when its token ends", "the stream ends", true, eventsExpire, ""},
		{13, "a user who is revoked", "a revocation while sockets, dashboards and event streams are open", "all are closed, sockets with 1008 `revoked`; the token is refused from then on; others go on", false, revoked, ""},
		{13, "a token that is revoked", "a revocation of one token by its id", "that token is refused; another of the same user is not", false, revokedToken, ""},
		{13, "a thousand sockets that are revoked", "a revocation of a user with a thousand sockets", "all are closed with 1008 `revoked` within a second", false, revokedCrowd, ""},
		{13, "a clock that decides to the millisecond", "requests around the very end of a token, on a fake clock", "accepted before the end, never after", false, nil, "server TestExpiryOverTheWire"},
	}
}

func expires(s *scene) {
	end := time.Now().Add(4 * time.Second).Truncate(time.Second) // as tokens have it
	p := s.socket("/ws/predict", "Authorization", "Bearer "+s.token(s.T, s.name, time.Until(end)+time.Millisecond))
	noticed, answers := false, 0
	for n := 0; ; n++ {
		sent := time.Now()
		p.say(fmt.Sprintf(`{"features":[1,2,3],"request_id":%d}`, n))
		got, err := p.hear()
		if err == nil && strings.Contains(got, `"token_expiring"`) {
			noticed = true
			got, err = p.hear()
		}
		var c *closed
		if errors.As(err, &c) {
			if c.code != 1008 || c.reason != "token_expired" {
				s.Errorf("%v; want 1008 token_expired", c)
			}
			s.Logf("%d answers; closed %v after the end", answers, time.Since(end).Round(time.Millisecond))
			break
		}
		must(s.T, err)
		if matches(got, `{"type":"prediction",…}`) {
			answers++
			if sent.After(end) {
				s.Errorf("what was sent %v after the end was accepted", sent.Sub(end))
			}
		} else if !matches(got, typed("…", "unauthorized")) {
			s.Errorf("answered with %s", got)
		}
		if time.Since(end) > grossly {
			s.Fatal("it is not closed")
		}
		<-time.After(5 * time.Millisecond)
	}
	if !noticed || answers == 0 {
		s.Errorf("noticed %v, %d answers", noticed, answers)
	}
}

func renewed(s *scene) {
	const short = 3 * time.Second
	p := s.socket("/ws/predict", "Authorization", "Bearer "+s.token(s.T, s.name, short))
	p.mustServe()
	p.ask(`{"type":"auth","token":"`+s.mine()+`"}`, `{"type":"auth_ok","user":"`+s.name+`",…}`)
	<-time.After(short + time.Second)
	p.mustServe()
}

func badRenewal(s *scene) {
	p := s.member("/ws/predict")
	limited := 0
	for range 50 {
		p.say(`{"type":"auth","token":"bad"}`)
		got, err := p.hear()
		must(s.T, err)
		switch {
		case matches(got, typed("null", "rate_limited")) && strings.Contains(got, `"retry_after_ms"`):
			limited++
		case !matches(got, typed("null", "unauthorized")):
			s.Errorf("answered with %s", got)
		}
	}
	if limited == 0 {
		s.Error("fifty tokens were looked at")
	}
	p.mustServe()
}

// events opens a stream of events, which is read to its end in the background.
func (s *scene) events(token string) (ended <-chan error) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addr().String()+"/events", http.NoBody)
	must(s.T, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	must(s.T, err)
	if response.StatusCode != http.StatusOK {
		s.Fatalf("/events: %s", response.Status)
	}
	end := make(chan error, 1)
	go func() {
		defer cancel()
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, mebi)
		for lines.Scan() {
		}
		end <- errors.Join(lines.Err(), ctx.Err())
	}()
	return end
}

func eventsExpire(s *scene) {
	if err := <-s.events(s.token(s.T, s.name, 3*time.Second)); err != nil {
		s.Errorf("ended with %v", err)
	}
}

func revoked(s *scene) {
	token := s.mine()
	first, second, other := s.member("/ws/predict"), s.member("/ws/dashboard"), s.socket("/ws/predict", "Authorization", "Bearer "+s.apiKey)
	first.mustServe()
	second.expect(`{"type":"history",…`)
	stream := s.events(token)
	s.private(s.T, "POST", "/v1/revoke", `{"user":"`+s.name+`"}`)
	first.mustEnd(1008, "revoked")
	second.mustEnd(1008, "revoked")
	if err := <-stream; err != nil {
		s.Errorf("the stream of events ended with %v", err)
	}
	s.mustRefuse(token)
	other.mustServe()
	s.private(s.T, "POST", "/v1/revoke", `{"user":"`+s.name+`","restore":true}`)
	s.member("/ws/predict").mustServe()
}

func revokedToken(s *scene) {
	f := forgery{s}
	one, other := f.said(map[string]any{"jti": s.name + "-1"}), f.said(map[string]any{"jti": s.name + "-2"})
	p, q := s.socket("/ws/predict", "Authorization", "Bearer "+one), s.socket("/ws/predict", "Authorization", "Bearer "+other)
	s.private(s.T, "POST", "/v1/revoke", `{"jti":"`+s.name+`-1"}`)
	p.mustEnd(1008, "revoked")
	s.mustRefuse(one)
	q.mustServe()
	for _, body := range []string{"", "{}", "[]", `{"user":"a","jti":"b"}`, `{"jti":1}`, `{"user":"a"} {}`, `{"User":"a","extra":1}`, strings.Repeat("[", 5000), `{"jti":"a","restore":true}`} {
		if status, text, _ := s.ask(s.T, "POST", "http://"+s.AdminAddr().String()+"/v1/revoke", body, "Authorization", "Bearer "+s.admin); status != 400 {
			s.Errorf("%.40q: %d %s", body, status, text)
		}
	}
}

func revokedCrowd(s *scene) {
	const crowd = 1000
	bearer := "Bearer " + s.mine()
	peers := make([]*peer, crowd)
	parallel(crowd, func(i int) {
		p, err := s.tryDial(nil)
		if err == nil {
			err = p.tryUpgrade("/ws/predict", "Authorization", bearer)
		}
		if err != nil {
			s.Error(err)
			return
		}
		peers[i] = p
	})
	if s.Failed() {
		s.FailNow()
	}
	var running sync.WaitGroup
	var wrong atomic.Int64
	var last atomic.Int64
	began := time.Now()
	for _, p := range peers {
		_ = p.SetDeadline(began.Add(patience))
		running.Go(func() {
			_, err := p.hear()
			var c *closed
			if !errors.As(err, &c) || c.code != 1008 || c.reason != "revoked" {
				wrong.Add(1)
			}
			last.Store(max(last.Load(), int64(time.Since(began))))
			_ = p.Close()
		})
	}
	var answer struct{ Ended int }
	must(s.T, json.Unmarshal([]byte(s.private(s.T, "POST", "/v1/revoke", `{"user":"`+s.name+`"}`)), &answer))
	running.Wait()
	s.Logf("%d sockets were closed within %v", crowd, time.Duration(last.Load()).Round(time.Millisecond))
	if answer.Ended != crowd || wrong.Load() > 0 {
		s.Errorf("%d were ended, and %d heard something else than revoked", answer.Ended, wrong.Load())
	}
}
