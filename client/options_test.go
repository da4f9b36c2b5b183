package client

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestValidateNamesTheField(t *testing.T) {
	for field, o := range map[string]Options{
		"DialTimeout":  {DialTimeout: -1},
		"WriteTimeout": {WriteTimeout: math.MinInt64},
		"PingInterval": {PingInterval: -1},
		"PingTimeout":  {PingTimeout: -time.Hour},
		"CloseTimeout": {CloseTimeout: -1},
		"DrainTimeout": {DrainTimeout: -1},
		"BackoffMin":   {BackoffMin: -1},
		"BackoffMax":   {BackoffMin: time.Hour},
		"Window":       {Window: -1},
		"MaxReply":     {MaxReply: -1},
		"Session":      {Session: "short"},
	} {
		if _, err := Dial(t.Context(), "ws://penstock.test", o); err == nil || !strings.Contains(err.Error(), "Options."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for _, test := range []struct{ address, session, want string }{
		{"ws://h:1", "option-option-01", "ws://h:1/ws/predict?session=option-option-01"},
		{"wss://h/?session=address-address1", "", "wss://h/ws/predict?session=address-address1"},
		{"wss://h/?session=address-address1", "address-address1", "wss://h/ws/predict?session=address-address1"},
		{"http://h/behind/a/proxy?x=1", "option-option-01", "http://h/behind/a/proxy?session=option-option-01&x=1"},
	} {
		u, session, err := endpoint(test.address, "/ws/predict", test.session)
		if err != nil || withSession(u, session) != test.want {
			t.Errorf("%s: got %v, %q, %v", test.address, u, session, err)
		}
	}
	for _, address := range []string{"h:1", "/ws", "ftp://h", "://", "ws://h?session=", "ws://h?session=short", "ws://h?session=%zz",
		"ws://h?session=address-address1&session=address-address1", "ws://h?x=1;session=address-address1", "ws://h?session=another-session1"} {
		if _, err := Dial(t.Context(), address, Options{Session: "option-option-01"}); err == nil || errors.As(err, new(*ConnError)) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// Times that are as long as they can be are honoured: none wraps round.
func TestTheLongestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		longest := Options{DialTimeout: math.MaxInt64, WriteTimeout: math.MaxInt64, PingInterval: math.MaxInt64, PingTimeout: math.MaxInt64,
			CloseTimeout: math.MaxInt64, DrainTimeout: math.MaxInt64, BackoffMin: math.MaxInt64, BackoffMax: math.MaxInt64}
		c := newFakeServer(t, honest(8)).client(longest)
		if _, err := c.Predict(t.Context(), []float32{1}); err != nil {
			t.Error(err)
		}
		quiet := newFakeServer(t, func(c *fakeConn) {
			_ = pause(t.Context(), time.Hour)
			c.send(`{"type":"metrics","seq":3}`)
		}).dashboard(longest)
		for frame, err := range quiet.Frames(t.Context()) {
			if err != nil || frame.Metrics == nil {
				t.Errorf("got %v, %v", frame, err)
			}
			break
		}
	})
	b := backoff{min: math.MaxInt64 / 2, max: math.MaxInt64}
	for range 100 {
		if d := b.next(math.MaxInt64 / 2); d < math.MaxInt64/2 {
			t.Fatalf("a pause of %v", d)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for header, want := range map[string]time.Duration{
			"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0,
			"9999999999999": math.MaxInt64, "99999999999999999999": math.MaxInt64,
			time.Now().Add(time.Minute).UTC().Format(http.TimeFormat): time.Minute,
			time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat):  0,
		} {
			if got := retryAfter(header); got != want {
				t.Errorf("%q: %v, want %v", header, got, want)
			}
		}
	})
}
