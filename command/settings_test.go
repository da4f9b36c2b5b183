package command

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"pgregory.net/rapid"

	"penstock/app"
)

// parse reads a command line as main does.
func parse(t *testing.T, args ...string) (c *commands, ctx *kong.Context, err error) {
	t.Helper()
	c = new(commands)
	parser, err := newParser(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, err = parser.Parse(args)
	return c, ctx, err
}

func configFileWith(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "penstock.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// effective is what --print-config prints.
func effective(t *testing.T, args ...string) string {
	t.Helper()
	c, ctx, err := parse(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := settingsOf(ctx)
	if !ok {
		t.Fatal("the parser has no settings")
	}
	var out bytes.Buffer
	if err := c.Serve.printConfig(&out, ctx, s); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func settingsOf(ctx *kong.Context) (s *settings, ok bool) {
	_, err := ctx.Call(func(found *settings) { s = found })
	return s, err == nil
}

// TestWhereFlagsComeFrom: a flag wins over the environment, that over a file.
func TestWhereFlagsComeFrom(t *testing.T) {
	file := configFileWith(t, "listen: 127.0.0.1:9000\nmax-batch: 1\nwindow: 600\nqueue-rows: 700\nmax: {rows: 5}\n")
	t.Setenv("PENSTOCK_MAX_BATCH", "2")
	t.Setenv("PENSTOCK_WINDOW", "601")
	t.Setenv("PENSTOCK_MODEL", `a, b\,c ,`)
	t.Setenv("PENSTOCK_ALLOW_HOST", "ml.example.org,other.example.org")
	t.Setenv("PENSTOCK_CONFIG", file)
	got := effective(t, "--max-batch=3", "--echo")
	for _, want := range []string{
		"listen: 127.0.0.1:9000 # file " + file + ", line 1",
		"max-batch: 3 # flag",
		"echo: true # flag",
		"window: 601 # environment PENSTOCK_WINDOW",
		"queue-rows: 700 # file " + file + ", line 4",
		"max-rows: 5 # file " + file + ", line 5",
		`model: [a, 'b,c'] # environment PENSTOCK_MODEL`,
		"allow-host: [ml.example.org, other.example.org] # environment PENSTOCK_ALLOW_HOST",
		"remember: 262144 # default",
		fmt.Sprintf("# workers: %d # default", app.Defaults().WorkersOfEach()),
	} {
		if !strings.Contains("\n"+strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	check, _, err := parse(t, "check", "--max-batch=3")
	if err != nil || check.Check.Listen != "127.0.0.1:9000" || check.Check.Window != 601 || check.Check.MaxBatch != 3 {
		t.Errorf("check sees something else than serve: %+v, %v", check.Check, err)
	}
}

// TestPrintedConfigIsAConfig that says the same.
func TestPrintedConfigIsAConfig(t *testing.T) {
	strip := func(printed string) (lines []string) {
		for line := range strings.Lines(printed) {
			line, _, _ = strings.Cut(line, " # ")
			lines = append(lines, strings.TrimSpace(line))
		}
		return lines
	}
	first := effective(t, "--model=a b", "--model=#c: d", "--drain-timeout=1m30s", "--memory-limit=3GiB", "--alert-queue=0.25",
		"--allow-origin=https://example.org", "--log-level=debug", "--no-echo", "--admin-listen=", "--workers=2")
	second := effective(t, "--config="+configFileWith(t, first))
	for i, line := range strip(second) {
		if want := strip(first)[i]; line != want {
			t.Errorf("%q; was %q", line, want)
		}
	}
}

// TestExampleConfig reads the file that the repository offers.
func TestExampleConfig(t *testing.T) {
	c, _, err := parse(t, "--config=docs/examples/penstock.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := quiet(t, c.Serve).Validate(); err != nil {
		t.Error(err)
	}
	if s := c.Serve; s.Listen != "127.0.0.1:9000" || s.MaxBatch != 32 || s.MaxRows != 512 || s.Alert.LatencyMSCritical != 200 || s.Model[0] != "weights/digits" {
		t.Errorf("read %+v", s)
	}
	c, _, err = parse(t, "load", "--config=docs/examples/penstock.yaml")
	if err != nil || c.Load.Connections != 16 || c.Load.URL != "ws://127.0.0.1:9000" {
		t.Errorf("load has %+v, %v", c.Load, err)
	}
}

func TestConfigThatIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"listn: x":                      "line 1: listn is no flag of serve; the nearest is listen",
		"\nmax_batch: 5":                "line 2: max_batch is no flag of serve; the nearest is max-batch",
		"port: 80":                      "the nearest is listen",
		"rate: 5":                       "it is one of demo and of load: put it below that name",
		"load: {rte: 4}":                "rte is no flag of load; the nearest is rate",
		"load: 5":                       "line 1: expected flags",
		"print-config: true":            "print-config is no flag of serve",
		"alert: {quue: 0.1}":            "alert-quue is no flag of serve; the nearest is alert-queue",
		"listen: [a]":                   "listen: expected a text; found a list",
		"listen: {a: b}":                "listen: expected a text; found a map",
		"listen:":                       "listen: expected a text; found nothing",
		"listen: true":                  `listen: expected a text; found "true"`,
		`max-batch: "5"`:                `max-batch: expected a whole number; found the text "5"`,
		"max-batch: 5.5":                "max-batch: expected a whole number",
		"max-batch: -3":                 "--max-batch -3: expected at least 1",
		"alert-cpu: .nan":               "alert-cpu: expected a number",
		"max-batch: 5\nmax-batch: 5":    "line 2: max-batch stands twice, first on line 1",
		"alert-cpu: 5\nalert: {cpu: 5}": "line 2: alert-cpu stands twice, first on line 1",
		"serve: {window: 9}\nwindow: 9": "line 2: window stands twice, first on line 1",
		"model: [[a]]":                  "model: expected a text, or a list of texts; found a list",
		"model: [a, null]":              "model: expected a text, or a list of texts; found nothing",
		"drain-timeout: 20":             "drain-timeout: expected a time, such as 20s",
		"echo: 'true'":                  "echo: expected true or false",
		"log-format: xml":               "log-format: expected one of text, json",
		"memory-limit: much":            "memory-limit: expected a number of bytes",
		"log-level: loud":               "log-level: expected debug, info, warn or error",
		"- a":                           "line 1: expected flags",
		"window: 5\n---\nwindow: 6":     "more than one document",
		"max: &a {batch: *a}":           "anchors, merges and keys that are not names",
		"a: [":                          "line 1",
	} {
		path := configFileWith(t, text)
		for _, command := range []string{"serve", "check", "health"} {
			_, _, err := parse(t, command, "--config="+path)
			if command == "health" && strings.HasPrefix(want, "--") {
				continue // it has not that flag
			}
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s with %q: %v; want %s", command, text, err, want)
			}
		}
	}
	if _, _, err := parse(t, "--config=nowhere.yaml"); err == nil || !strings.Contains(err.Error(), "--config: open nowhere.yaml") {
		t.Error(err)
	}
}

func TestVariablesThatAreRefused(t *testing.T) {
	for variable, want := range map[string]string{
		"PENSTOCK_LISTN=x":         "PENSTOCK_LISTN in the environment sets no flag; the nearest is PENSTOCK_LISTEN",
		"PENSTOCK_PORT=80":         "the nearest is PENSTOCK_LISTEN",
		"PENSTOCK_PRINT_CONFIG=1":  "sets no flag",
		"PENSTOCK_MAX_BATCH=x":     `PENSTOCK_MAX_BATCH in the environment is "x": expected a whole number`,
		"PENSTOCK_MAX_BATCH=":      `expected a whole number`,
		"PENSTOCK_MAX_BATCH=-3":    "--max-batch -3: expected at least 1 and at most 65536 (from environment PENSTOCK_MAX_BATCH)",
		"PENSTOCK_ALERT_QUEUE=NaN": "--alert-queue NaN: expected at least 0 and at most 1",
		"PENSTOCK_LOG_FORMAT=xml":  "expected one of text, json",
		"PENSTOCK_ECHO=maybe":      "expected true or false",
		"PENSTOCK_DRAIN_TIMEOUT=5": "expected a time",
	} {
		t.Run(variable, func(t *testing.T) {
			name, value, _ := strings.Cut(variable, "=")
			t.Setenv(name, value)
			for _, command := range []string{"serve", "check"} {
				if _, _, err := parse(t, command); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v; want %s", command, err, want)
				}
			}
		})
	}
}

// TestVariablesOfOthers are no mistakes: Kubernetes gives each container some that
// begin with the name of a service.
func TestVariablesOfOthers(t *testing.T) {
	for _, variable := range []string{"PENSTOCK_PORT=tcp://10.0.0.1:8080", "PENSTOCK_SERVICE_HOST=10.0.0.1", "PENSTOCK_SERVICE_PORT=80",
		"PENSTOCK_SERVICE_PORT_HTTP=80", "PENSTOCK_PORT_8080_TCP=tcp://10.0.0.1:8080", "PENSTOCK_PORT_8080_TCP_ADDR=10.0.0.1",
		"PENSTOCK_ADMIN_SERVICE_HOST=10.0.0.1", "PENSTOCK_ADMIN_PORT=tcp://10.0.0.1:8081", "PENSTOCK_CONFIG="} {
		t.Run(variable, func(t *testing.T) {
			name, value, _ := strings.Cut(variable, "=")
			t.Setenv(name, value)
			if _, _, err := parse(t, "serve"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSecretsAreNotPrinted, neither when they are right nor when they are wrong.
func TestSecretsAreNotPrinted(t *testing.T) {
	const hook = "https://me:hush@example.org/hush?t=hush"
	got := effective(t, "--alert-webhook="+hook)
	if strings.Contains(got, "hush") || !strings.Contains(got, "# alert-webhook: https://example.org, and left out here") {
		t.Error(got)
	}
	for _, text := range []string{"alert-webhook: [" + hook + "]", "alert-webhok: " + hook, "alert: {webhook: {url: '" + hook + "'}}", "alert-webhook: ftp://hush"} {
		c, _, err := parse(t, "--config="+configFileWith(t, text))
		if err == nil {
			err = quiet(t, c.Serve).Validate()
		}
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", text, err)
		}
	}
	t.Setenv("PENSTOCK_ALERT_WEBHOK", hook)
	if _, _, err := parse(t); err == nil || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
}

// needsOf is a command with whatever it cannot do without.
func needsOf(command *kong.Node) []string {
	args := []string{command.Name}
	for _, argument := range command.Positional {
		if argument.Required {
			args = append(args, "x")
		}
	}
	for _, flag := range command.Flags {
		if flag.Required {
			args = append(args, "--"+flag.Name+"=x")
		}
	}
	return slices.Clip(args)
}

// TestNumbersAreBounded: every flag that takes a number or a time has limits, none
// takes what is no number, and whoever passes a limit is told of the flag.
func TestNumbersAreBounded(t *testing.T) {
	_, ctx, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range ctx.Model.Children {
		needs := needsOf(command)
		for _, flag := range command.Flags {
			value, isNumber := number(flag.Target)
			if expected(flag) != "a number" && expected(flag) != "a whole number" && !strings.HasPrefix(expected(flag), "a time") {
				continue
			}
			least := flag.Tag.Get("atleast") + flag.Tag.Get("above")
			if least == "" {
				t.Errorf("%s --%s may be anything (%v, %v)", command.Name, flag.Name, value, isNumber)
				continue
			}
			low := []string{"-1", "NaN", "+Inf", "-Inf", "-9007199254740993"}
			if strings.HasPrefix(expected(flag), "a time") {
				low = []string{"-1s", "-1ns"}
			}
			if flag.Tag.Has("above") {
				low = append(low, map[bool]string{true: "0s", false: "0"}[low[0] == "-1s"])
			}
			for _, value := range low {
				if _, _, err := parse(t, append(needs, "--"+flag.Name+"="+value)...); err == nil || !strings.Contains(err.Error(), "--"+flag.Name) {
					t.Errorf("%s --%s=%s: %v", command.Name, flag.Name, value, err)
				}
			}
		}
	}
}

// TestFlagsThatDisagree are named.
func TestFlagsThatDisagree(t *testing.T) {
	for flags, want := range map[string]string{
		"--trusted-proxy=10.0.0":                           `--trusted-proxy "10.0.0": expected an address`,
		"--max-batch=-3":                                   "--max-batch -3: expected at least 1",
		"--max-connections=0":                              "--max-connections 0: expected at least 1",
		"--max-per-address=-1":                             "--max-per-address -1: expected at least 0",
		"--window=64":                                      "--max-rows 1024: expected at most --window, 64",
		"--queue-rows=64":                                  "--queue-rows 64: expected at least --window, 1024",
		"--alert-queue-critical=0.2":                       "--alert-queue-critical 0.2: expected at least --alert-queue, 0.5",
		"--alert-error-rate=0.2":                           "--alert-error-rate-critical 0.05: expected at least --alert-error-rate, 0.2",
		"--alert-accuracy=0.5 --alert-accuracy-critical=1": "--alert-accuracy-critical 1: expected at most --alert-accuracy, 0.5",
		"--listen=8080":                                    `--listen "8080": expected host:port`,
		"--listen=8080 --allow-anonymous":                  `--listen "8080": expected host:port`,
		"--listen=127.0.0.1:99999":                         `expected host:port`,
		"--admin-listen=:x":                                `--admin-listen ":x": expected host:port`,
		"--admin-listen=127.0.0.1:8080":                    "--listen and --admin-listen are both 127.0.0.1:8080",
		"--model=nowhere":                                  `--model "nowhere": there is no such file or folder`,
		"--model=go.mod":                                   `bundle "go.mod": is no model file`,
		"--model=weights/digits --model=./weights/digits/": "--model ./weights/digits/ is given twice; leave one out",
		"--engine=nothing":                                 "nothing",
	} {
		_, ctx, err := parse(t, append([]string{"check"}, strings.Fields(flags)...)...)
		if err == nil {
			err = ctx.Run()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", flags, err, want)
		}
	}
}

// TestNoErrorNamesAnOption: whatever numbers the flags have, what is refused is
// refused by the name of a flag, not by that of a field in the program.
func TestNoErrorNamesAnOption(t *testing.T) {
	_, ctx, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	var flags []*kong.Flag
	for _, flag := range ctx.Selected().Flags {
		if _, ok := number(flag.Target); ok && flag.Name != "workers" {
			flags = append(flags, flag)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		args := []string{"check"}
		for range rapid.IntRange(1, 3).Draw(rt, "flags") {
			flag := rapid.SampledFrom(flags).Draw(rt, "flag")
			value := rapid.SampledFrom([]string{"-1", "0", "1", "2", "100", "5000"}).Draw(rt, "value")
			if strings.HasPrefix(expected(flag), "a time") {
				value += "s"
			}
			args = append(args, "--"+flag.Name+"="+value)
		}
		c, _, err := parse(t, args...)
		if err == nil {
			var a *app.App
			if a, err = app.Prepare(quiet(t, c.Check.serveCmd)); err == nil {
				a.Close()
			}
		}
		if err != nil && !strings.Contains(err.Error(), "--") {
			rt.Errorf("%v: %v", args, err)
		}
	})
}

// TestPortInUse is told by the flag that named it.
func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	taken := l.Addr().String()
	for flag, other := range map[string]string{"--listen": "--admin-listen", "--admin-listen": "--listen"} {
		c, _, err := parse(t, flag+"="+taken, other+"=127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, err = app.New(quiet(t, c.Serve))
		if err == nil || !strings.Contains(err.Error(), flag+" "+taken) || !strings.Contains(err.Error(), "choose another port") {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

// TestLogsCarryUnits in JSON, where a duration would be a bare number.
func TestLogsCarryUnits(t *testing.T) {
	var out bytes.Buffer
	logger := serveCmd{LogFormat: "json"}.newLogger(&out)
	logger.With("drain", 20*time.Second).WithGroup("g").Info("m", "took", 1500*time.Microsecond, slog.Group("h", "d", time.Minute), "n", 3)
	for _, want := range []string{`"drain":"20s"`, `"took":"1.5ms"`, `"d":"1m0s"`, `"n":3`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s; want %s", &out, want)
		}
	}
}
