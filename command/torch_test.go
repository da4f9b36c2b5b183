//go:build torch && linux && cgo

package command

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"penstock/client"
	"penstock/protocol"
)

// These tests see the engine torchscript through the socket.

func dial(t *testing.T, address string) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), "ws://"+address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// The convolutional network gives through the socket the accuracy that the
// recipe measured in Python, to the image.
func TestTorchCNNThroughTheSocket(t *testing.T) {
	images, labels := readIDX(t, "t10k-images-idx3-ubyte", 16), readIDX(t, "t10k-labels-idx1-ubyte", 8)
	var offline struct{ Test struct{ Images, Correct int } }
	data, err := os.ReadFile("weights/digits-cnn/measured.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &offline); err != nil {
		t.Fatal(err)
	}
	c := dial(t, startServing(t, "--model=weights/digits-cnn", "--workers=2"))

	var mu sync.Mutex
	var replies sync.WaitGroup
	correct := 0
	for first, size := 0, 1; first < len(labels); first, size = first+size, size%63+1 { // requests of every size
		n := min(size, len(labels)-first)
		replies.Add(1)
		_, err := c.Submit(t.Context(), client.Request{Rows: pixelRows(images[first*784:], n)}, func(p client.Prediction, err error) {
			defer replies.Done()
			if err != nil {
				t.Errorf("images from %d: %v", first, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			rows := p.Rows
			if rows == nil {
				rows = []client.Row{p.Row}
			}
			for i, row := range rows {
				if row.Label == fmt.Sprint(labels[first+i]) {
					correct++
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	replies.Wait()
	t.Logf("%d of %d right", correct, len(labels))
	if correct != offline.Test.Correct || len(labels) != offline.Test.Images {
		t.Errorf("%d of %d right; offline %d of %d", correct, len(labels), offline.Test.Correct, offline.Test.Images)
	}
}

// pixelRows turns the first images into rows, as the stock clients do.
func pixelRows(images []byte, n int) [][]float32 {
	rows := make([][]float32, n)
	for r := range rows {
		rows[r] = make([]float32, 784)
		for i, pixel := range images[r*784:][:784] {
			rows[r][i] = float32(float64(pixel) / 255)
		}
	}
	return rows
}

// A module that raises on some rows: those get model_error, their batch mates
// their predictions. The module gives a row's sum, and fails as its first
// feature commands; see model/torch/testdata/make.py.
func TestTorchPoisonedRows(t *testing.T) {
	folder := t.TempDir()
	module, err := os.ReadFile("model/torch/testdata/fails.pt")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(module)
	manifest := `{"name": "fails", "version": "1", "task": "regression", "features": 16,
		"engines": {"torchscript": {"file": "fails.pt"}}, "sha256": {"fails.pt": "` + hex.EncodeToString(sum[:]) + `"}}`
	for name, data := range map[string][]byte{"fails.pt": module, "manifest.json": []byte(manifest)} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := dial(t, startServing(t, "--model="+folder, "--workers=1"))

	var replies sync.WaitGroup
	for i := range 200 {
		row := make([]float32, 16)
		row[1] = float32(i)
		poisoned := i%20 == 7
		if poisoned {
			row[0] = float32(101 + i/20%7) // each way to fail
		}
		replies.Add(1)
		_, err := c.Submit(t.Context(), client.Request{Features: row}, func(p client.Prediction, err error) {
			defer replies.Done()
			failure, failed := errors.AsType[*protocol.Error](err)
			switch {
			case poisoned && (!failed || failure.Code != protocol.ModelError):
				t.Errorf("row %d: %v, %v; want model_error", i, p.Value, err)
			case !poisoned && (err != nil || p.Value != float64(i)):
				t.Errorf("row %d: %v, %v; want %d", i, p.Value, err, i)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	replies.Wait()
}
