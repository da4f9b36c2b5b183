package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
		[]string{"Penstock", "plain echo", "gathered echo", "Penstock's own echo", "naive Go", "FastAPI + torch", "Node ws + onnxruntime"}, requests, "requests/s"},
	{"JSON, 64 features, 64 sockets × 1 in flight", load("json", 64, 1, 64, 1),
		[]string{"Penstock", "plain echo", "Penstock's own echo", "naive Go", "FastAPI + torch", "Node ws + onnxruntime"}, requests, "requests/s"},
	{"binary float32, 64 features, 16 sockets × 32 in flight", load("float32", 16, 32, 64, 1),
		[]string{"Penstock", "gathered echo", "plain echo", "Penstock's own echo"}, requests, "requests/s"},
	{"binary float32, 256 rows of 64 features a frame, 4 sockets × 4 in flight", load("float32", 4, 4, 64, 256),
		[]string{"Penstock", "gathered echo"}, rows, "rows/s"},
	{"binary float32, 784 features (digits), one socket, one in flight", load("float32", 1, 1, 784, 1),
		[]string{"Penstock, digits", "plain echo"}, p50, "µs p50"},
	{"JSON, 784 features (digits), one socket, one in flight", load("json", 1, 1, 784, 1),
		[]string{"Penstock, digits", "plain echo"}, p50, "µs p50"},
	{"binary float32, 64 features, a network of 64-1024-1024-10, 16 sockets × 32 in flight; with two cores the load shares them", load("float32", 16, 32, 64, 1),
		[]string{"Penstock, wide, two cores", "Penstock, wide, one core"}, requests, "requests/s"},
	{fmt.Sprintf("%d idle sockets, each after one request", idleSockets), nil,
		[]string{"Penstock", "plain echo", "naive Go", "FastAPI + torch", "Node ws + onnxruntime"}, kib, "KiB resident a socket"},
}

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
	out, err := exec.Command("taskset", args...).Output()
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(out, &m)
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
