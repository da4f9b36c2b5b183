package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// document puts the table beneath what a reader needs to judge it.
func (c comparison) document(table string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Benchmarks

Written by `+"`make bench-rivals`"+` on %s. Every server ran alone, pinned to one core but where two are named; the
load came from another core of the same machine, over loopback. Each figure is the median of %d rounds of %v, the
servers in turn within a round. The machine is a shared virtual one and its speed drifts: the last column, the median of
the ratios within each round, is what to compare; absolute figures are for orientation.

The load generator sends frames encoded and masked beforehand and counts replies by their headers, so that it is not
what is measured. Networks: 64-128-64-10 with random weights for all servers; the bundled digits, 784-512-256-10, which are
sent real ones; and for two cores one that is much slower than its messages, 64-1024-1024-10.

- *plain echo*: coder/websocket, read a message, write it back.
- *gathered echo*: the same, what it writes kept until it reads again, in a wrapping net.Conn.
- *Penstock's own echo*: the endpoint /ws/echo: our links and outboxes without a model.
- *naive Go*: encoding/json, gonum, one message at a time.
- *FastAPI + torch*, *Node ws + onnxruntime*: one model call a message.

| | |
|---|---|
| processor | %s, %d threads |
| kernel | %s |
| Go | %s |
| Python | %s |
| Node.js | %s |
`, time.Now().UTC().Format("2006-01-02"), c.rounds, c.duration, processor(), runtime.NumCPU(), output("uname", "-sr"), runtime.Version(),
		output(c.python, "-c", "import sys,torch,fastapi;print(sys.version.split()[0],'torch',torch.__version__,'fastapi',fastapi.__version__)"),
		output(c.node, "--version"))
	b.WriteString(table)
	return b.String()
}

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	name := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(info)
	if name == nil {
		return runtime.GOARCH
	}
	features := ""
	if strings.Contains(string(info), "avx512f") {
		features = " with AVX-512"
	}
	return string(name[1]) + features
}

func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}
