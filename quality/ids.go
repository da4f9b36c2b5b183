package quality

import (
	"encoding/json"
	"strings"
)

// IDs are kept as the JSON that was sent, but texts by their characters, between
// quotes: however a client escapes them, they are one id. What is kept of a text
// with a quote or a backslash in it is no JSON, then.

// WrittenID is a kept id as JSON.
func WrittenID(kept string) string {
	inside, ok := unquoted(kept)
	if !ok || !strings.ContainsAny(inside, `"\`) {
		return kept
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(inside) + `"`
}

// KeptID is what is kept of an id that is written as JSON. What is no JSON stays as it is.
func KeptID(written string) string {
	if inside, ok := unquoted(written); !ok || !strings.Contains(inside, `\`) {
		return written
	}
	var text string
	if json.Unmarshal([]byte(written), &text) != nil {
		return written
	}
	return `"` + text + `"`
}

func unquoted(id string) (inside string, ok bool) {
	if len(id) < 2 || id[0] != '"' || id[len(id)-1] != '"' {
		return "", false
	}
	return id[1 : len(id)-1], true
}
