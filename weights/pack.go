package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"penstock/model"
)

// Packing says what Pack writes beside the model.
type Packing struct {
	// Rows are a sample of what the model was trained on, as ReadSample returns them:
	// golden rows are taken from them, and the bundle's reference is made of them.
	// Without, golden rows are made up; see Loaded.Sample.
	Rows []float64
	// Version of the model; empty: that of the draft.
	Version string
}

// The rows that Pack takes, evenly spread over those that there are.
const (
	packGolden    = 64
	packReference = 1000
)

// The files that Pack writes beside the manifest.
const (
	goldenFile    = "golden.json"
	referenceFile = "reference.json"
)

// Pack writes a bundle that OpenFile opened as a folder, which must not exist or be
// empty: the model's files, the manifest with their hashes, golden rows with the
// scores that this build gives them, and the reference. The golden rows prove that
// the bundle gives the same scores elsewhere, and later; they do not prove that these
// are the scores of the library that trained the model. On an error nothing of it is
// left.
func (b *Bundle) Pack(out string, loaded *Loaded, p Packing) (err error) {
	if !b.drafted {
		return b.in("", errors.New("is a bundle already; give a model file"))
	}
	made, err := emptyFolder(out)
	if err != nil {
		return err
	}
	var written []string
	defer func() {
		if err == nil {
			return
		}
		for _, name := range written {
			_ = os.Remove(filepath.Join(out, name))
		}
		if made {
			_ = os.Remove(out)
		}
	}()
	write := func(name string, data io.Reader) error {
		written = append(written, name)
		return writeFile(out, name, data)
	}
	for name := range b.manifest.hashes {
		f, err := b.openVerified(name)
		if err != nil {
			return err
		}
		err = write(name, f)
		f.Close()
		if err != nil {
			return err
		}
	}
	files, err := b.packed(loaded, p)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := write(name, bytes.NewReader(files[name])); err != nil {
			return err
		}
	}
	return nil
}

// packed returns what Pack writes beside the model's files.
func (b *Bundle) packed(loaded *Loaded, p Packing) (map[string][]byte, error) {
	golden, err := loaded.golden(p.Rows)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{goldenFile: golden}
	if len(p.Rows) > 0 {
		files[referenceFile] = encodeRows(loaded.Spec(), p.Rows, packReference, nil)
	}
	data, _, err := b.readVerified(Manifest, maxJSON)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	hashes := members["sha256"].(map[string]any)
	for name, data := range files {
		sum := sha256.Sum256(data)
		hashes[name] = hex.EncodeToString(sum[:])
		members[name[:len(name)-len(".json")]] = name
	}
	if p.Version != "" {
		members["version"] = p.Version
	}
	if files[Manifest], err = json.MarshalIndent(members, "", "  "); err != nil {
		return nil, err
	}
	files[Manifest] = append(files[Manifest], '\n')
	_, err = readManifest(files[Manifest], b.known)
	return files, err
}

// golden predicts some rows and writes them down with their scores.
func (m *Loaded) golden(rows []float64) ([]byte, error) {
	spec := m.Spec()
	if len(rows) == 0 {
		for i, x := range m.Sample(packGolden, 1) {
			rows = append(rows, float64(x)+spec.ShiftOf(i%spec.Features))
		}
	}
	rows = spread(rows, spec.Features, packGolden)
	features := make([]float32, len(rows))
	for i, x := range rows {
		feature := i % spec.Features
		if math.IsNaN(x) {
			x = fillOf(spec.Input, feature)
		}
		features[i] = float32(x - spec.ShiftOf(feature))
	}
	n := len(rows) / spec.Features
	scores := make([]float32, n*spec.Width())
	if _, err := predictOnce(m, scores, features, n); err != nil {
		return nil, fmt.Errorf("engine %s failed on rows for the golden file: %w", spec.Engine, err)
	}
	for i, x := range scores {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return nil, fmt.Errorf("engine %s gives %v for row %d of those for the golden file; expected finite scores: "+
				"give rows that the model knows with --sample", spec.Engine, x, i/spec.Width())
		}
	}
	return encodeRows(spec, rows, packGolden, scores), nil
}

// encodeRows writes rows as a client sends them, with their scores where there are
// some.
func encodeRows(spec model.Spec, rows []float64, most int, scores []float32) []byte {
	rows = spread(rows, spec.Features, most)
	var text bytes.Buffer
	list := func(n, width int, cell func(i int) any) {
		text.WriteString("[")
		for i := range n {
			separate(&text, i, "\n  ")
			text.WriteString("[")
			for j := range width {
				separate(&text, j, " ")
				value, _ := json.Marshal(cell(i*width + j)) // of numbers and texts
				text.Write(value)
			}
			text.WriteString("]")
		}
		text.WriteString("]")
	}
	text.WriteString(`{"features": `)
	list(len(rows)/spec.Features, spec.Features, func(i int) any { return cellOf(spec, i%spec.Features, rows[i]) })
	if scores != nil {
		text.WriteString(",\n\"scores\": ")
		list(len(scores)/spec.Width(), spec.Width(), func(i int) any { return scores[i] })
	}
	text.WriteString("}\n")
	return text.Bytes()
}

func separate(text *bytes.Buffer, i int, space string) {
	if i > 0 {
		text.WriteString(",")
		text.WriteString(space)
	}
}

// cellOf is a value as a client sends it.
func cellOf(spec model.Spec, feature int, x float64) any {
	switch {
	case math.IsNaN(x):
		return nil
	case len(spec.Columns) == 0 || spec.Columns[feature].Kind != model.Category:
		return x
	case int(x) < len(spec.Columns[feature].Categories):
		return spec.Columns[feature].Categories[int(x)]
	}
	return unknownName(spec.Columns[feature].Categories)
}

// unknownName is a name that is none of a column's categories.
func unknownName(categories []string) string {
	name := "unknown"
	for slices.Contains(categories, name) {
		name += "-"
	}
	return name
}

// spread takes some of the rows, evenly.
func spread(rows []float64, features, most int) []float64 {
	n := len(rows) / features
	if n <= most {
		return rows
	}
	taken := make([]float64, 0, most*features)
	for i := range most {
		at := i * n / most * features
		taken = append(taken, rows[at:at+features]...)
	}
	return taken
}

// emptyFolder makes a folder, or finds that it is empty.
func emptyFolder(path string) (made bool, err error) {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, os.MkdirAll(path, 0o777) //nolint:gosec // for whom the umask says
	case err != nil:
		return false, err
	case len(entries) > 0:
		return false, fmt.Errorf("%s is not empty; give a folder that is, or that does not exist", path)
	}
	return false, nil
}

func writeFile(folder, name string, data io.Reader) error {
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil { //nolint:gosec // for whom the umask says
		return err
	}
	f, err := os.Create(path) //nolint:gosec // names of a bundle's files, which were checked
	if err != nil {
		return err
	}
	_, err = io.Copy(f, data)
	return errors.Join(err, f.Close())
}
