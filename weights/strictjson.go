package weights

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// object reads one JSON object without the leniency of encoding/json, which
// takes the last of duplicate keys, matches keys in any case, ignores unknown
// ones, and reads null as nothing.
//
// Members are taken one by one; done reports the first problem, or a member
// that nobody took.
type object struct {
	path    string // where the object is, for errors; "" at the top
	members map[string]json.RawMessage
	err     error
}

func readObject(path string, data []byte) *object {
	o := &object{path: path, members: make(map[string]json.RawMessage)}
	if !utf8.Valid(data) {
		o.err = wrong(path, "is not valid UTF-8")
		return o
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil {
		o.err = wrong(path, "is not valid JSON: %w", err)
		return o
	} else if open != json.Delim('{') {
		o.err = wrong(path, "is not a JSON object")
		return o
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			o.err = wrong(path, "is not valid JSON: %w", err)
			return o
		}
		name := key.(string) // the decoder yields nothing else before a colon
		if _, twice := o.members[name]; twice {
			o.err = wrong(path, "names %q twice", name)
			return o
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			o.err = wrong(path, "is not valid JSON: %w", err)
			return o
		}
		o.members[name] = value
	}
	if _, err := dec.Token(); err != nil {
		o.err = wrong(path, "is not valid JSON: %w", err)
	} else if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		o.err = wrong(path, "has data after its closing brace")
	}
	return o
}

// at is the path of a member.
func (o *object) at(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

// raw takes a member as it stands, or nil when there is none.
func (o *object) raw(key string) json.RawMessage {
	value := o.members[key]
	delete(o.members, key)
	return value
}

// optional decodes a member into a number, string or slice of these, and
// reports whether it was there.
func (o *object) optional(key string, into any) bool {
	value := o.raw(key)
	if value == nil || o.err != nil {
		return false
	}
	o.err = decode(o.at(key), value, into)
	return o.err == nil
}

func (o *object) required(key string, into any) {
	if _, ok := o.members[key]; !ok && o.err == nil {
		o.err = wrong(o.at(key), "is missing")
	}
	o.optional(key, into)
}

// done returns the first problem; a member left over is one.
func (o *object) done() error {
	if o.err == nil && len(o.members) > 0 {
		o.err = wrong(o.path, "has a field %q that is not known", slices.Min(slices.Collect(maps.Keys(o.members))))
	}
	return o.err
}

func decode(path string, value json.RawMessage, into any) error {
	// Neither numbers nor slices of them contain letters, so this finds a null
	// within [1,null] too. Strings may contain the word.
	if bytes.Equal(value, []byte("null")) || value[0] == '[' && !bytes.Contains(value, []byte(`"`)) && bytes.Contains(value, []byte("null")) {
		return wrong(path, "has a null; leave the field out instead")
	}
	err := json.Unmarshal(value, into)
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return wrong(path, "has a JSON %s; expected %s", kind.Value, kind.Type)
	}
	if err != nil {
		return wrong(path, "is not valid: %w", err)
	}
	return nil
}
