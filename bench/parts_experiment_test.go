//go:build linux && experiment

package bench_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"penstock/bench"
)

// A benchmark that gives a core to the server alone runs in several processes,
// each in a role. What it measures is then the server's part.
const (
	roleVariable = "PENSTOCK_BENCH_ROLE"
	urlVariable  = "PENSTOCK_BENCH_URL"
)

// role returns this process's, empty in the first.
func role() (role, url string) { return os.Getenv(roleVariable), os.Getenv(urlVariable) }

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// part is the benchmark that runs in a process of its own, in another role.
type part struct {
	b      *testing.B
	cmd    *exec.Cmd
	input  io.Closer
	output *bufio.Scanner
}

// start starts a part on a core of its own. Where there is but one, the
// benchmark is skipped.
func start(b *testing.B, core int, role, url string) *part {
	if runtime.NumCPU() < 2 {
		b.Skip("needs a core for the server and one for the rest")
	}
	cmd := exec.Command("taskset", "-c", fmt.Sprint(core),
		os.Args[0], "-test.run=^$", "-test.bench=^"+b.Name()+"$", "-test.benchtime=1x")
	cmd.Env = append(os.Environ(), roleVariable+"="+role, urlVariable+"="+url)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return &part{b: b, cmd: cmd, input: input, output: bufio.NewScanner(output)}
}

// line waits for the line that begins with a word and returns what follows it.
func (p *part) line(word string) string {
	for p.output.Scan() {
		if rest, ok := strings.CutPrefix(p.output.Text(), word+" "); ok {
			return rest
		}
	}
	p.b.Fatalf("%s ended without a line of %q", p.cmd, word)
	return ""
}

// end lets it finish. Its last lines can be read after.
func (p *part) end() { _ = p.input.Close() }

// report waits for the report of a part that offers a load.
func (p *part) report() (r bench.Report) {
	if err := json.Unmarshal([]byte(p.line("report")), &r); err != nil {
		p.b.Fatal(err)
	}
	p.end()
	return r
}

// offer is what such a part does.
func offer(b *testing.B, load bench.Load) {
	report, err := load.Run(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	line, err := json.Marshal(report)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(os.Stdout, "report %s\n", line)
}

func untilInputEnds() { _, _ = io.Copy(io.Discard, os.Stdin) }
