package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type comparison struct {
	bin, net, wide, digits, python, node string
	rounds                               int
	duration                             time.Duration
}

// scenario is one load, and which servers bear it. The first server named
// after Penstock's own is what the ratios are taken against.
type scenario struct {
	title   string
	args    []string
	servers []string
	metric  func(measured) float64
	unit    string
	digits  bool // send real digits, those of the bundle
}

type measured struct {
	PerSecond float64 `json:"requests_per_second"`
	RowsPer   float64 `json:"rows_per_second"`
	P50       float64 `json:"p50_us"`
	KiB       float64 `json:"-"`
}

var (
	requests = func(m measured) float64 { return m.PerSecond }
	rows     = func(m measured) float64 { return m.RowsPer }
	p50      = func(m measured) float64 { return m.P50 }
	kib      = func(m measured) float64 { return m.KiB }
)

func load(payload string, connections, inFlight, features, rows int) []string {
	return []string{
		"-payload", payload, "-connections", fmt.Sprint(connections), "-in-flight", fmt.Sprint(inFlight),
		"-features", fmt.Sprint(features), "-rows", fmt.Sprint(rows),
	}
}

// idleSockets is how many connections the memory is measured over.
const idleSockets = 1000

var scenarios = []scenario{
	{"JSON, 64 features, 16 sockets × 32 in flight", load("json", 16, 32, 64, 1),
		[]string{"Penstock", "plain echo", "gathered echo", "Penstock's own echo", "naive Go", "FastAPI + torch", "Node ws + onnxruntime"}, requests, "requests/s", false},
	{"JSON, 64 features, 64 sockets × 1 in flight", load("json", 64, 1, 64, 1),
		[]string{"Penstock", "plain echo", "Penstock's own echo", "naive Go", "FastAPI + torch", "Node ws + onnxruntime"}, requests, "requests/s", false},
	{"binary float32, 64 features, 16 sockets × 32 in flight", load("float32", 16, 32, 64, 1),
		[]string{"Penstock", "gathered echo", "plain echo", "Penstock's own echo"}, requests, "requests/s", false},
	{"binary float32, 256 rows of 64 features a frame, 4 sockets × 4 in flight", load("float32", 4, 4, 64, 256),
		[]string{"Penstock", "gathered echo"}, rows, "rows/s", false},
	{"digits, binary float32, one socket, one in flight", load("float32", 1, 1, 784, 1),
		[]string{"Penstock, digits", "plain echo", networkAlone}, p50, "µs p50", true},
	{"digits, JSON, one socket, one in flight", load("json", 1, 1, 784, 1),
		[]string{"Penstock, digits", "plain echo", networkAlone}, p50, "µs p50", true},
	{"digits, binary float32, 16 sockets × 32 in flight", load("float32", 16, 32, 784, 1),
		[]string{"Penstock, digits", "gathered echo"}, requests, "requests/s", true},
	{"binary float32, 64 features, a network of 64-1024-1024-10, 16 sockets × 32 in flight; with two cores the load shares them", load("float32", 16, 32, 64, 1),
		[]string{"Penstock, wide, two cores", "Penstock, wide, one core"}, requests, "requests/s", false},
	{fmt.Sprintf("%d idle sockets, each after one request", idleSockets), nil,
		[]string{"Penstock", "plain echo", "naive Go", "FastAPI + torch", "Node ws + onnxruntime"}, kib, "KiB resident a socket", false},
}

// networkAlone is no server: the digits network predicts one row after the other
// in a loop, which is the least that a request can take.
const networkAlone = "the network alone, in a loop"

// run measures everything and returns the table.
func (c comparison) run() (string, error) {
	values := make(map[string][]float64) // by scenario and server
	for round := range c.rounds {
		for _, sc := range scenarios {
			for _, s := range c.servers() {
				if !slices.Contains(sc.servers, s.name) {
					continue
				}
				m, err := c.measure(sc, s)
				if err != nil {
					return "", fmt.Errorf("%s, %s: %w", sc.title, s.name, err)
				}
				values[sc.title+s.name] = append(values[sc.title+s.name], sc.metric(m))
				fmt.Fprintf(os.Stderr, "round %d: %s: %s: %.0f %s\n", round+1, sc.title, s.name, sc.metric(m), sc.unit)
			}
		}
	}
	var b strings.Builder
	for _, sc := range scenarios {
		fmt.Fprintf(&b, "\n### %s\n\n| server | %s, median | lowest | highest | %s = 1 |\n|---|--:|--:|--:|--:|\n", sc.title, sc.unit, sc.servers[0])
		first := values[sc.title+sc.servers[0]]
		for _, name := range sc.servers {
			v := values[sc.title+name]
			// The cores change speed from minute to minute: what was measured side
			// by side is compared, round by round.
			ratios := make([]float64, len(v))
			for i := range v {
				ratios[i] = v[i] / first[i]
			}
			fmt.Fprintf(&b, "| %s | %.4g | %.4g | %.4g | %.3g |\n", name, median(v), slices.Min(v), slices.Max(v), median(ratios))
		}
	}
	return b.String(), nil
}

func (c comparison) measure(sc scenario, s server) (m measured, err error) {
	if s.name == networkAlone {
		return c.measureNetwork()
	}
	pid, stop, err := s.start()
	if err != nil {
		return m, err
	}
	defer stop()
	program := filepath.Join(c.bin, "wireload")
	if sc.args == nil {
		return c.measureIdle(program, s, pid)
	}
	cores := "1"
	if s.cores == bothCores {
		cores = bothCores
	}
	args := append([]string{"-c", cores, program, "-address", address(s.port), "-path", s.path, "-duration", c.duration.String()}, sc.args...)
	if sc.digits {
		args = append(args, "-digits", filepath.Join(c.digits, "heldout.bin.gz"))
	}
	out, err := exec.Command("taskset", args...).Output()
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(out, &m)
}

// measureNetwork runs the benchmark of package weights on the servers' core.
func (c comparison) measureNetwork() (m measured, err error) {
	cmd := exec.Command("taskset", "-c", "0", filepath.Join(c.bin, "weights.test"),
		"-test.run", "^$", "-test.bench", "^BenchmarkDigits$/^batch=1$", "-test.benchtime", c.duration.String())
	cmd.Dir = filepath.Dir(c.digits)
	out, err := cmd.Output()
	if err != nil {
		return m, fmt.Errorf("%w\n%s", err, out)
	}
	found := regexp.MustCompile(`([0-9.]+) ns/op`).FindSubmatch(out)
	if found == nil {
		return m, fmt.Errorf("no time in %q", out)
	}
	ns, err := strconv.ParseFloat(string(found[1]), 64)
	m.P50 = ns / 1000
	return m, err
}

// measureIdle takes the memory before and while the sockets are held.
func (c comparison) measureIdle(program string, s server, pid int) (m measured, err error) {
	before := residentKiB(pid)
	hold := exec.Command("taskset", "-c", "1", program, "-address", address(s.port), "-path", s.path, "-hold", fmt.Sprint(idleSockets))
	in, err := hold.StdinPipe()
	if err != nil {
		return m, err
	}
	out, err := hold.StdoutPipe()
	if err != nil {
		return m, err
	}
	if err := hold.Start(); err != nil {
		return m, err
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it says when all are open
		return m, err
	}
	m.KiB = (residentKiB(pid) - before) / idleSockets
	_ = in.Close()
	return m, hold.Wait()
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
