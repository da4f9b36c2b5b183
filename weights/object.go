package weights

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// Object reads one JSON object without the leniency of encoding/json, which
// takes the last of duplicate keys, matches keys in any case, ignores unknown
// ones, and reads null as nothing.
//
// Members are taken one by one; after the first problem nothing more is read,
// and Done reports it, or a member that nobody took. Errors are *BundleError
// whose Field is the member's path. It is not safe for concurrent use.
type Object struct {
	path    string // where the object is, for errors; "" at the top
	members map[string]json.RawMessage
	err     error
}

// ReadObject reads the object that is at path of some file.
func ReadObject(path string, data []byte) *Object {
	o := &Object{path: path, members: make(map[string]json.RawMessage)}
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

// At is the path of a member.
func (o *Object) At(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

// Keys returns the members that were not taken yet, sorted.
func (o *Object) Keys() []string { return slices.Sorted(maps.Keys(o.members)) }

// Raw takes a member as it stands, or nil when there is none.
func (o *Object) Raw(key string) json.RawMessage {
	value := o.members[key]
	delete(o.members, key)
	return value
}

// Optional decodes a member into a number, string, boolean or slice of these,
// and reports whether it was there and fits.
func (o *Object) Optional(key string, into any) bool {
	value := o.Raw(key)
	if value == nil || o.err != nil {
		return false
	}
	o.err = decode(o.At(key), value, into)
	return o.err == nil
}

// Required is Optional for a member that must be there.
func (o *Object) Required(key string, into any) bool {
	if _, ok := o.members[key]; !ok && o.err == nil {
		o.err = wrong(o.At(key), "is missing")
	}
	return o.Optional(key, into)
}

// File takes a required member that is the name of a file of the bundle.
func (o *Object) File(key string) (name string) {
	o.Required(key, &name)
	if err := checkName(name); err != nil && o.err == nil {
		o.err = wrong(o.At(key), "%w", err)
	}
	return name
}

// Objects takes a required array of at least one object and at most so many.
// Each is to be read to its end: with Done, or by giving its error to Fail.
func (o *Object) Objects(key string, most int) []*Object {
	var raw []json.RawMessage
	if !o.Required(key, &raw) {
		return nil
	}
	if len(raw) < 1 || len(raw) > most {
		o.Refuse(key, "has %d entries; expected 1 to %d", len(raw), most)
		return nil
	}
	objects := make([]*Object, len(raw))
	for i, data := range raw {
		objects[i] = ReadObject(fmt.Sprintf("%s[%d]", o.At(key), i), data)
	}
	return objects
}

// Refuse says what is wrong with a member, unless something was before.
func (o *Object) Refuse(key, format string, args ...any) {
	if o.err == nil {
		o.err = wrong(o.At(key), format, args...)
	}
}

// Fail takes an error as the object's own, unless it has one, or err is nil.
func (o *Object) Fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// Done returns the first problem; a member left over is one.
func (o *Object) Done() error {
	if o.err == nil && len(o.members) > 0 {
		o.err = wrong(o.path, "has a field %q that is not known", o.Keys()[0])
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
