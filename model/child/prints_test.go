//go:build linux

package child_test

import (
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"penstock/model/child"
)

// What a process prints is logged by lines, each of a bounded length, up to some in a
// second; the last of all is told when it cannot get ready.
func TestPrints(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		logged []string
		last   string
	}{
		"lines":     {`printf 'one\n\n two \nthree'`, []string{"text=one", "text=two", "text=three"}, "three"},
		"a flood":   {`i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done; echo the end`, []string{`text="line 0"`, `text="line 19"`}, "the end"},
		"no letter": {`printf '\377x\n'`, []string{"text=?x"}, "?x"},
		"long":      {`head -c 300000 /dev/zero | tr '\0' y; echo`, []string{"text=" + strings.Repeat("y", 2000) + " "}, strings.Repeat("y", 2000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var text log
			_, _, err := child.Start(child.Config{
				Name: "shell", Lanes: 1, MaxRows: 1, Features: 1, Width: 1, Log: slog.New(slog.NewTextHandler(&text, nil)),
				Command: func() (*exec.Cmd, []*os.File, error) { return exec.Command("sh", "-c", c.script), nil, nil },
			})
			if err == nil || !strings.HasSuffix(err.Error(), "the last that it printed was: "+c.last) {
				t.Errorf("error %.300v; want the last line %.100q", err, c.last)
			}
			for _, want := range c.logged {
				if !strings.Contains(text.String(), want) {
					t.Errorf("logged %.1000q; want %.100q", text.String(), want)
				}
			}
			if n := strings.Count(text.String(), "\n"); n > 200 {
				t.Errorf("%d lines are logged", n)
			}
		})
	}
}
