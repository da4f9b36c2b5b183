package client

import (
	"strings"
	"testing"
	"time"
)

func TestValidateNamesTheField(t *testing.T) {
	for field, o := range map[string]Options{
		"DialTimeout":  {DialTimeout: -1},
		"PingInterval": {PingInterval: -1},
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
		{"ws://h:1", "", "ws://h:1/ws/predict"},
		{"wss://h/", "s", "wss://h/ws/predict?session=s"},
		{"http://h/behind/a/proxy?x=1", "s", "http://h/behind/a/proxy?session=s&x=1"},
	} {
		u, err := endpoint(test.address, "/ws/predict", test.session)
		if err != nil || u.String() != test.want {
			t.Errorf("%s: got %v, %v", test.address, u, err)
		}
	}
	for _, address := range []string{"h:1", "/ws", "ftp://h", "://"} {
		if _, err := endpoint(address, "/", ""); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}
