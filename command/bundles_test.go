//go:build unix

package command

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"penstock/model/torch"
)

// writeSum writes a bundle whose score is the mean of its normalised features.
// more is added to the manifest.
func writeSum(t *testing.T, features int, more string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	head := fmt.Sprintf(`{"w":{"dtype":"F32","shape":[1,%d],"data_offsets":[0,%d]},"n":{"dtype":"I64","shape":[],"data_offsets":[%d,%d]}}`,
		features, 4*features, 4*features, 4*features+8)
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...)
	for range features {
		file = binary.LittleEndian.AppendUint32(file, math.Float32bits(1/float32(features)))
	}
	for name, data := range map[string][]byte{
		"w": append(file, make([]byte, 8)...),
		"manifest.json": fmt.Appendf(nil, `{"name":"sum","version":"1","task":"regression","features":%d,%s
			"engines":{"dense":{"file":"w","layers":[{"weight":"w","activation":"identity"}]}}}`, features, more),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// addGolden gives a bundle a golden row.
func addGolden(t *testing.T, folder, row, score string) {
	t.Helper()
	path := filepath.Join(folder, "manifest.json")
	manifest, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	manifest = bytes.Replace(manifest, []byte(`"engines"`), []byte(`"golden":"golden.json","engines"`), 1)
	for name, data := range map[string]string{path: string(manifest), filepath.Join(folder, "golden.json"): `{"features":[[` + row + `]],"scores":[[` + score + `]]}`} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// asked sends a message and returns what answers it.
func (s *socket) asked(t *testing.T, kind websocket.MessageType, message []byte) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Write(ctx, kind, message); err != nil {
		t.Fatal(err)
	}
	_, answer, err := s.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// A second in a Unix time counts for a model whose features lie 100 seconds
// apart, though float32 has such times only every 128 seconds.
func TestFarMeansThroughTheSocket(t *testing.T) {
	const mean = 1732212000
	bundle := writeSum(t, 1, `"input":{"mean":1732212000,"std":100,"uint8_scale":10000000},`)
	addGolden(t, bundle, "1732212064", "0.64")
	p := runBinary(t, "--model="+bundle, "--model=weights/digits")
	s := mustDial(t, p.address, "/ws/predict")
	rows := `[[1732212000],[1732212001],[1732212050],[1732212064.0],[17322121e2]]`
	want := []float64{0, 0.01, 0.5, 0.64, 1}
	for _, message := range []string{`{"features":` + rows + `}`, `{"features":` + rows + `,"model":"sum"}`, `{"model":"sum","request_id":"[7]","features":` + rows + `}`} {
		var got struct{ Prediction []float64 }
		if err := json.Unmarshal(s.asked(t, websocket.MessageText, []byte(message)), &got); err != nil || len(got.Prediction) != len(want) {
			t.Fatalf("%s: %v, %v", message, got, err)
		}
		for i, value := range got.Prediction {
			if math.Abs(value-want[i]) > 1e-7 {
				t.Errorf("%s: row %d is %v; want %v", message, i, value, want[i])
			}
		}
	}

	frame := func(dtype byte, values ...byte) []byte {
		return append([]byte{1, dtype, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, values...)
	}
	near := float32(mean + 96) // that float32 has
	for name, c := range map[string]struct {
		frame []byte
		want  float64
	}{
		"float32": {frame(1, binary.LittleEndian.AppendUint32(nil, math.Float32bits(near))...), (float64(near) - mean) / 100},
		"uint8":   {frame(2, 173), (173*1e7 - mean) / 100},
	} {
		answer := s.asked(t, websocket.MessageBinary, c.frame)
		if got := float64(math.Float32frombits(binary.LittleEndian.Uint32(answer[24:]))); math.Abs(got-c.want) > 1e-7*math.Abs(c.want) {
			t.Errorf("%s: %v; want %v", name, got, c.want)
		}
	}
	warned := slices.ContainsFunc(p.said, func(line string) bool { return strings.Contains(line, "send them as JSON") })
	if !warned {
		t.Errorf("the log has no word on features that binary float32 cannot carry: %q", p.said)
	}
}

// check exits with 0 when all was looked at, with 1 when something is wrong, and
// with 2 when nothing is, as far as could be seen.
func TestCheckSaysWhatItDidNotCheck(t *testing.T) {
	proven := writeSum(t, 2, "")
	addGolden(t, proven, "1,3", "2")
	wrong := writeSum(t, 2, "")
	addGolden(t, wrong, "1,3", "2.01")
	unproven := writeSum(t, 2, "")
	wide := writeSum(t, 300_000, "")
	bytesAlone := writeSum(t, 300_000, `"input":{"uint8_scale":0.5},`)
	type check struct {
		name  string
		flags []string
		code  int
		says  []string
	}
	cases := []check{
		{"proven", []string{proven}, 0, []string{"all right"}},
		{"proven, as serve has it", []string{"--model=" + proven}, 0, []string{"flags and config: all right"}},
		{"wrong", []string{wrong}, 1, []string{"expected 2.01"}},
		{"wrong beside one that is not proven", []string{unproven, wrong}, 1, []string{"expected 2.01"}},
		{"without golden rows", []string{unproven, proven}, 2, []string{"NOT CHECKED", "no golden rows", "all right"}},
		{"without golden rows, as serve has it", []string{"--model=" + unproven}, 2, []string{"no golden rows"}},
		{"row that no message holds", []string{wide}, 1, []string{"--max-message-bytes 1048576", "300000 features", "1200024 bytes"}},
		{"row that no message holds, as serve has it", []string{"--model=" + wide}, 1, []string{"--max-message-bytes 1048576"}},
		{"row that a larger message holds", []string{"--max-message-bytes=8000000", wide}, 2, []string{"no golden rows"}},
		{"row that fits as bytes alone", []string{bytesAlone}, 2, []string{"as uint8 alone"}},
		{"row that fits as binary alone", []string{"--max-message-bytes=500", proven}, 0, []string{"may not fit --max-message-bytes 500 as JSON"}},
		{"engine that another build has", []string{"weights/digits"}, 0, nil},
	}
	if !torch.Built {
		cases = append(cases, check{"engine that this build lacks", []string{"weights/digits-cnn"}, 2, []string{"cannot serve it", "golden rows were not run"}})
		cases[len(cases)-2].says = []string{"engine torchscript was not run"}
	}
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), path, append([]string{"check"}, c.flags...)...)
			output, _ := command.CombinedOutput()
			if code := command.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d; want %d: %s", code, c.code, output)
			}
			for _, text := range c.says {
				if !strings.Contains(string(output), text) {
					t.Errorf("no word of %q: %s", text, output)
				}
			}
		})
	}
}
