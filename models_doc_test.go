package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"penstock/weights"
	"penstock/weights/engines"
	"penstock/weights/weightstest"
)

// documentedRows is what the snippets of docs/models.md take for granted.
const documentedRows = `
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
random = np.random.default_rng(1)
X = random.normal(size=(200, 4))
y = np.digitize(X[:, 0], [-0.5, 0.5])
frame = pd.DataFrame({"size": X[:, 1], "colour": pd.Categorical(random.choice(["red", "green", "blue"], 200))})
`

// kerasStandIn is as much of Keras as docs/models.md and the exporter use: a network
// of two layers, with weights that lie as Keras has them, [in, out].
const kerasStandIn = `
import numpy as np
from types import SimpleNamespace as Some

__version__ = "3.0"

def relu(x): return np.maximum(x, 0)
def softmax(x): return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)

class Dense:
    def __init__(self, inputs, outputs, activation):
        random = np.random.default_rng(inputs)
        self.values, self.activation = [random.normal(size=(inputs, outputs)), random.normal(size=outputs)], activation
    def get_weights(self): return self.values
    def run(self, x): return self.activation(x @ self.values[0] + self.values[1])

class Dropout:
    def run(self, x): return x

class Sequential:
    layers = [Dense(4, 7, relu), Dropout(), Dense(7, 3, softmax)]
    def predict(self, x, verbose):
        for layer in self.layers:
            x = layer.run(x)
        return x

models = Some(load_model=lambda path: Sequential())
`

// TestDocumentedModels runs the Python of docs/models.md, and loads the
// bundles that it writes.
func TestDocumentedModels(t *testing.T) {
	python := weightstest.Interpreter(t)
	source, err := filepath.Abs("client/python/src")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```python ([\\w.]+)\n(.*?)^```").FindAllStringSubmatch(readDocument(t, "docs/models.md"), -1) {
		blocks[m[1]] = m[2]
	}
	if len(blocks) < 8 {
		t.Errorf("docs/models.md has only %d snippets", len(blocks))
	}
	for tool, text := range blocks {
		t.Run(tool, func(t *testing.T) {
			folder := t.TempDir()
			switch tool {
			case "keras":
				writeText(t, folder, "keras.py", kerasStandIn)
			case "torch":
				if err := exec.CommandContext(t.Context(), python, "-c", "import torch").Run(); err != nil {
					t.Skip("no PyTorch among the libraries")
				}
			}
			writeText(t, folder, "run.py", documentedRows+text)
			run := exec.CommandContext(t.Context(), python, "run.py")
			run.Dir = folder
			run.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+source)
			if out, err := run.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			serves(t, filepath.Join(folder, "from-"+tool), python)
		})
	}
}

func writeText(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serves checks a bundle against its golden rows, and loads it.
func serves(t *testing.T, folder, python string) {
	t.Helper()
	b, err := weights.Open(folder, engines.All(engines.Options{Python: python, ONNXRuntime: filepath.Dir(filepath.Dir(python))}))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
	m, err := b.Load("")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
