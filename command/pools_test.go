package command

import (
	"context"
	"maps"
	"reflect"
	"strings"
	"testing"

	"penstock/app"
)

func TestPoolFlag(t *testing.T) {
	t.Setenv("PENSTOCK_POOL", `digits:workers=2,digits:max-batch=32,a:b:queue-rows=2000\,workers=1`)
	c, _, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	options, err := c.Serve.options()
	want := map[string]app.PoolOptions{"digits": {Workers: 2, MaxBatch: 32}, "a:b": {Workers: 1, QueueRows: 2000}}
	if err != nil || !maps.Equal(options.Pools, want) {
		t.Errorf("%v, %v; want %v", options.Pools, err, want)
	}
}

func TestPoolFlagThatIsRefused(t *testing.T) {
	for flags, want := range map[string]string{
		"--pool=workers=2":                              `--pool "workers=2": expected the name of a model and its numbers`,
		"--pool=:workers=2":                             "expected the name of a model",
		"--pool=digits:":                                "--pool digits:: expected workers, max-batch, queue-rows",
		"--pool=digits:max_bach=2":                      "max_bach=2: expected workers, max-batch, queue-rows; the nearest is max-batch",
		"--pool=digits:batch=2":                         "the nearest is max-batch",
		"--pool=digits:workers=0":                       "--pool digits:workers=0: expected a whole number from 1 on",
		"--pool=digits:workers=two":                     "workers=two: expected a whole number",
		"--pool=digits:workers":                         "workers: expected a whole number",
		"--pool=digits:workers=5000":                    "--pool digits:workers=5000: expected at least 1 and at most 4096",
		"--pool=digits:max-batch=70000":                 "--pool digits:max-batch=70000: expected at least 1 and at most 65536",
		"--pool=digits:queue-rows=64":                   "--pool digits:queue-rows=64: expected at least --window, 1024",
		"--pool=digits:workers=1 --pool=digits:workers": "workers: expected a whole number",
		"--pool=digits:workers=1,workers=2":             "workers stands twice for this model",
		"--pool=digts:workers=1":                        "--pool digts: no model of that name is served; the nearest is digits",
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

// TestDefaultsAreThoseOfTheFlags: a program that starts with app.Defaults serves as
// penstock serve does.
func TestDefaultsAreThoseOfTheFlags(t *testing.T) {
	c, _, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	flags, defaults := quiet(t, c.Serve), app.Defaults()
	flags.Logger = defaults.Logger
	if !reflect.DeepEqual(flags, defaults) {
		t.Errorf("flags\n%+v\ndefaults\n%+v", flags, defaults)
	}
}

func TestVersionIsThatOfTheProgram(t *testing.T) {
	if err := Run(context.Background(), []string{"version"}, "1.2.3"); err != nil {
		t.Error(err)
	}
}
