package access

import (
	"time"
)

// Anonymous is everybody's name where nobody needs to say who they are.
const Anonymous = "anonymous"

// Identity is who somebody proved to be, and with what. It never changes.
type Identity struct {
	// User is the name that was proved, or Anonymous.
	User string
	// Issued and Until are when the proof was made and when it ends; zero is not known,
	// and never.
	Issued, Until time.Time

	id     string // of the token, by which it is revoked
	key    string // hash of the API key; empty for a token
	scopes []string
	roles  []string
	groups []string
}

// anonymous may do all that callers do, and nothing that operators do.
func anonymous() *Identity {
	return &Identity{User: Anonymous, scopes: []string{"predict", "feedback", "dashboard", "notes"}, groups: []string{allGroups}}
}

// allGroups stands for every group.
const allGroups = "*"
