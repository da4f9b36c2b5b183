//go:build linux

package catalogue_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"penstock/app"
	"penstock/weights/safetensors"
	"penstock/weights/weightstest"
)

// manifest is that of a network of three features and three classes, which costs
// nothing.
const manifest = `{"name":"tiny","version":"1","task":"classification","features":3,"classes":["a","b","c"],
"sha256":{"model.safetensors":"SUM"},
"engines":{"dense":{"file":"model.safetensors","layers":[{"weight":"w","activation":"softmax"}]}}}`

func tensors() []byte {
	return weightstest.Safetensors(map[string]safetensors.Tensor{
		"w": {Shape: []int{3, 3}, Values: []float32{1, -0.5, 0.25, -1, 0.75, 0.125, 0.5, 0.25, -0.875}},
	})
}

// writeFiles writes a bundle; the sum of its weights stands where the manifest says SUM.
func writeFiles(t *testing.T, manifest string, weights []byte) (folder string) {
	t.Helper()
	folder = t.TempDir()
	manifest = strings.ReplaceAll(manifest, "SUM", weightstest.SumOf(weights))
	must(t, os.WriteFile(filepath.Join(folder, "manifest.json"), []byte(manifest), 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "model.safetensors"), weights, 0o600))
	return folder
}

func writeBundle(t *testing.T) (folder string) {
	t.Helper()
	return writeFiles(t, manifest, tensors())
}

func bundleEntries() []entry {
	return []entry{
		{30, "a bundle that is broken", "weights cut short, of another hash, outside the folder, of shapes that do not chain, of absurd sizes; manifests that are deep, huge or no JSON", "refused at start with what is wrong; no memory is taken for what a header claims", false, brokenBundles, ""},
		{30, "a bundle with links", "files of a bundle that are links, pipes or folders", "refused", false, nil, "weights TestOnlyFilesOfTheFolder"},
	}
}

func brokenBundles(s *scene) {
	whole := tensors()
	change := func(old, to string) string { return strings.Replace(manifest, old, to, 1) }
	headed := func(header string) []byte { return weightstest.Framed(header, make([]byte, 36)) }
	for name, c := range map[string]struct {
		manifest string
		weights  []byte
	}{
		"cut short":          {manifest, whole[:len(whole)-1]},
		"nothing":            {manifest, nil},
		"another hash":       {change("SUM", strings.Repeat("0", 64)), whole},
		"outside the folder": {change(`"file":"model.safetensors"`, `"file":"../model.safetensors"`), whole},
		"an absolute path":   {change(`"file":"model.safetensors"`, `"file":"/etc/passwd"`), whole},
		"no chain":           {change(`"features":3`, `"features":4`), whole},
		"too few classes":    {change(`"a","b","c"`, `"a","b"`), whole},
		"absurd features":    {change(`"features":3`, `"features":1000000000000`), whole},
		"header of 2^62":     {manifest, append(binary.LittleEndian.AppendUint64(nil, 1<<62), whole...)},
		"header of 2^64-1":   {manifest, append(binary.LittleEndian.AppendUint64(nil, 1<<64-1), whole...)},
		"absurd shape":       {manifest, headed(`{"w":{"dtype":"F32","shape":[1099511627776,1099511627776],"data_offsets":[0,36]}}`)},
		"absurd offsets":     {manifest, headed(`{"w":{"dtype":"F32","shape":[3,3],"data_offsets":[0,9223372036854775807]}}`)},
		"negative offsets":   {manifest, headed(`{"w":{"dtype":"F32","shape":[3,3],"data_offsets":[-36,0]}}`)},
		"deep header":        {manifest, headed(`{"w":` + strings.Repeat(`[`, 100_000))},
		"deep manifest":      {strings.Repeat(`{"a":`, 100_000), whole},
		"no manifest":        {"", whole},
		"a page":             {"<html>", whole},
	} {
		o := s.options(s.T)
		o.Models = []string{writeFiles(s.T, c.manifest, c.weights)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a, err := app.Prepare(o)
		runtime.ReadMemStats(&after)
		if err == nil {
			a.Close()
			s.Errorf("%s: accepted", name)
			continue
		}
		// What the healthy clients cost meanwhile is in it, and little.
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 64*mebi {
			s.Errorf("%s: %d MiB were taken", name, taken/mebi)
		}
		if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) || len(err.Error()) > 2000 {
			s.Errorf("%s: %q", name, err)
		}
	}
}
