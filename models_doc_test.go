package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"penstock/model/torch"
	"penstock/weights"
	"penstock/weights/engines"
)

// kerasStandIn is as much of Keras as docs/models.md uses: a network of two
// layers, with weights that lie as Keras has them, [in, out].
const kerasStandIn = `
import numpy as np
from types import SimpleNamespace as Some

def layer(inputs, outputs, name):
    random = np.random.default_rng(inputs)
    values = [random.normal(size=(inputs, outputs)), random.normal(size=outputs)]
    return Some(get_weights=lambda: values, activation=Some(__name__=name))

dropout = Some(get_weights=lambda: [])
models = Some(load_model=lambda path: Some(layers=[layer(5, 7, "relu"), dropout, layer(7, 3, "softmax")]))
`

// TestDocumentedModels runs the Python of docs/models.md, and loads the
// bundles that it writes.
func TestDocumentedModels(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's own, which its packages belong to
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```python ([\\w.]+)\n(.*?)^```").FindAllStringSubmatch(readDocument(t, "docs/models.md"), -1) {
		blocks[m[1]] = m[2]
	}
	for _, tool := range []string{"torch", "sklearn", "keras"} {
		t.Run(tool, func(t *testing.T) {
			folder := t.TempDir()
			for name, text := range map[string]string{"penstock_bundle.py": blocks["penstock_bundle.py"], "run.py": blocks[tool]} {
				if text == "" {
					t.Fatalf("docs/models.md has no block %q", name)
				}
				writeText(t, folder, name, text)
			}
			needs := tool
			if tool == "keras" {
				writeText(t, folder, "keras.py", kerasStandIn)
				needs = "numpy"
			}
			if err := exec.Command(python, "-c", "import "+needs).Run(); err != nil {
				t.Skipf("%s has no %s (%v); Debian's package is python3-%s", python, needs, err, needs)
			}
			run := exec.Command(python, "run.py")
			run.Dir = folder
			if out, err := run.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			serves(t, filepath.Join(folder, "from-"+tool))
		})
	}
}

func writeText(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serves checks a bundle, and loads it where this build has the engine.
func serves(t *testing.T, folder string) {
	t.Helper()
	b, err := weights.Open(folder, engines.All(engines.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
	if len(b.Loadable()) == 0 && !torch.Built {
		return // its hashes and its manifest are right; more cannot be said here
	}
	m, err := b.Load("")
	if err != nil {
		t.Fatal(err)
	}
	_ = m.Close()
}
