package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"penstock/model"
)

// AddReference writes a reference into the folder of a bundle and names it in the
// manifest, with its hash; everything else there stays as it is. A bundle that has one
// gets the new one in its place when replace is true, and is refused otherwise. A
// server that has loaded the bundle goes on with what it has.
func (b *Bundle) AddReference(r *model.Reference, replace bool) error {
	folder, ok := b.files.(dir)
	if !ok {
		return b.in("", errors.New("is no bundle in a folder; make one of a model file with penstock pack --sample"))
	}
	name := b.manifest.reference
	if name != "" && !replace {
		return b.in(Manifest, wrong("reference", "names %q already; to make it again, say --replace", name))
	}
	if name == "" {
		name = referenceFile
	}
	data, err := EncodeReference(r)
	if err != nil {
		return err
	}
	if _, err := decodeReference(ReadObject("", data), b.Spec()); err != nil {
		return b.in(name, err)
	}
	old, _, err := b.readVerified(Manifest, maxJSON)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	changed, err := withReference(old, name, hex.EncodeToString(sum[:]))
	if err != nil {
		return b.in(Manifest, err)
	}
	if _, err := readManifest(changed, b.known); err != nil {
		return b.in(Manifest, err)
	}
	if err := replaceFile(string(folder), name, data); err != nil {
		return err
	}
	return replaceFile(string(folder), Manifest, changed)
}

// member is one of a JSON object, whose order people know it by.
type member struct {
	key   string
	value json.RawMessage
}

// withReference returns a manifest that names a reference and its hash.
func withReference(manifest []byte, name, sum string) ([]byte, error) {
	members, err := membersOf(manifest)
	if err != nil {
		return nil, err
	}
	var hashes []member
	at := slices.IndexFunc(members, func(m member) bool { return m.key == "sha256" })
	if at < 0 {
		at = len(members)
		members = append(members, member{key: "sha256"})
	} else if hashes, err = membersOf(members[at].value); err != nil {
		return nil, err
	}
	members[at].value = object(set(hashes, len(hashes), name, sum))
	return append(object(set(members, at, "reference", name)), '\n'), nil
}

// set gives a member a text, or adds it at a place.
func set(members []member, at int, key, text string) []member {
	value, _ := json.Marshal(text) // of a text
	for i := range members {
		if members[i].key == key {
			members[i].value = value
			return members
		}
	}
	return slices.Insert(members, at, member{key, value})
}

// membersOf reads an object that ReadObject takes.
func membersOf(data []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var members []member
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		members = append(members, member{key.(string), value}) // a decoder yields nothing else before a colon
	}
	return members, nil
}

func object(members []member) []byte {
	var plain, text bytes.Buffer
	plain.WriteByte('{')
	for i, m := range members {
		separate(&plain, i, "")
		key, _ := json.Marshal(m.key) // of a text
		plain.Write(key)
		plain.WriteByte(':')
		plain.Write(m.value)
	}
	plain.WriteByte('}')
	_ = json.Indent(&text, plain.Bytes(), "", "  ") // of values that were decoded
	return text.Bytes()
}

// replaceFile puts a file in place of another, whole or not at all.
func replaceFile(folder, name string, data []byte) error {
	path := filepath.Join(folder, filepath.FromSlash(name))
	f, err := os.CreateTemp(filepath.Dir(path), ".penstock-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // is no more once it has its name
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
