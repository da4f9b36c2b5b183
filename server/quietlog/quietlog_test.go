package quietlog_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"penstock/server/quietlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func logger(level slog.Level) (*quietlog.Logger, *bytes.Buffer, prometheus.Counter) {
	out := new(bytes.Buffer)
	suppressed := prometheus.NewCounter(prometheus.CounterOpts{Name: "x"})
	return quietlog.New(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level})), suppressed), out, suppressed
}

// TestOneLineASecond of each kind, which tells how many there were besides.
func TestOneLineASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, out, suppressed := logger(slog.LevelInfo)
		for range 2500 {
			l.Log(slog.LevelInfo, "a", "k", 1)
			l.Log(slog.LevelWarn, "b")
			l.Log(slog.LevelDebug, "c")
			time.Sleep(time.Millisecond)
		}
		text := out.String()
		if a, b := strings.Count(text, "msg=a k=1"), strings.Count(text, "msg=b"); a != 3 || b != 3 || strings.Contains(text, "msg=c") {
			t.Errorf("%d and %d lines in 2.5 s; want 3 of each:\n%s", a, b, text)
		}
		if n := strings.Count(text, "suppressed=999"); n != 4 {
			t.Errorf("%d lines tell of 999 others; want 4:\n%s", n, text)
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(suppressed)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		if n := families[0].GetMetric()[0].GetCounter().GetValue(); n != 5000-6 {
			t.Errorf("%v are counted as suppressed; want 4994", n)
		}
	})
}

// TestCut: whatever comes, at most 64 printable bytes are left, and what is
// short and plain is left as it is.
func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.StringMatching(`[a-z]{0,100}`)).Draw(t, "s")
		got := quietlog.Cut(s)
		if len(got) > 64 {
			t.Fatalf("%d bytes", len(got))
		}
		for _, c := range []byte(got) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q has %q", got, c)
			}
		}
		plain := strings.IndexFunc(s, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
		if plain && len(s) <= 64 && got != s {
			t.Fatalf("%q became %q", s, got)
		}
	})
	if got := quietlog.Cut(strings.Repeat("x", 65)); got != strings.Repeat("x", 61)+"..." {
		t.Errorf("got %q", got)
	}
}

// TestHTTP tells an operator of panics, with their stack, and only who debugs
// of what clients do.
func TestHTTP(t *testing.T) {
	l, out, _ := logger(slog.LevelInfo)
	stack := strings.Repeat("s", 1000)
	for _, line := range []string{"http: TLS handshake error from 192.0.2.1\n", "http: panic serving 192.0.2.1:5: boom\n" + stack} {
		if n, err := l.HTTP().Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if text := out.String(); strings.Contains(text, "TLS") || !strings.Contains(text, "level=ERROR") || !strings.Contains(text, stack) {
		t.Errorf("it said %q", text)
	}
}
