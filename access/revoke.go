package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Revocation says what is not to be accepted any more: the token of an id (jti), or
// all that a user holds at the moment.
type Revocation struct {
	Token string    `json:"token,omitempty"`
	User  string    `json:"user,omitempty"`
	At    time.Time `json:"at"`    // tokens of the user that were issued later are accepted
	Until time.Time `json:"until"` // when it is forgotten: no such token is valid then; zero is never
}

func (r *Revocation) key() string {
	if r.Token != "" {
		return "token " + r.Token
	}
	return "user " + r.User
}

// over reports whether it is of no use any more.
func (r *Revocation) over(now time.Time) bool { return !r.Until.IsZero() && !now.Before(r.Until) }

// mostRevocations bounds memory and the file: an operator who needs more changes the
// key.
const mostRevocations = 10_000

// longestID is the longest id of a token in bytes.
const longestID = 256

// revocations are those that hold.
type revocations struct {
	path string // empty: they end with the process

	mu   sync.Mutex
	list map[string]Revocation
}

// newRevocations reads those of a folder; of none, where it is empty.
func newRevocations(folder string) (*revocations, error) {
	r := &revocations{list: make(map[string]Revocation)}
	if folder == "" {
		return r, nil
	}
	r.path = filepath.Join(folder, "revocations.json")
	text, err := readSmall(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(folder) // which must be there; what is in it is made by the first revocation
		return r, err
	}
	if err != nil {
		return nil, err
	}
	var list []Revocation
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w; mend it, or revoke again after it is removed", r.path, err)
	}
	for _, one := range list {
		r.list[one.key()] = one
	}
	r.forget(time.Now())
	return r, nil
}

// add holds a revocation from now on, unless there are too many. Where it cannot be written down it holds for
// this process all the same, and the error says why the next will not know.
func (r *revocations) add(one Revocation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(one.At)
	if _, there := r.list[one.key()]; !there && len(r.list) >= mostRevocations {
		return fmt.Errorf("there are %d revocations already, and this one does not hold; change the key that signs tokens instead", mostRevocations)
	}
	r.list[one.key()] = one
	return r.write()
}

// restore takes a user's revocation back, and reports whether there was one.
func (r *revocations) restore(one Revocation) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, there := r.list[one.key()]
	delete(r.list, one.key())
	return there, r.write()
}

// forget drops what is of no use any more. The caller holds r.mu, or has r alone.
func (r *revocations) forget(now time.Time) {
	for key, one := range r.list {
		if one.over(now) {
			delete(r.list, key)
		}
	}
}

// hold reports whether an identity was revoked. Times in tokens are whole seconds: one
// that was issued in the same second is refused.
func (r *revocations) hold(id *Identity) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == 0 {
		return false
	}
	now := time.Now()
	if one, ok := r.list["token "+id.id]; ok && id.id != "" && !one.over(now) {
		return true
	}
	one, ok := r.list["user "+id.User]
	return ok && !one.over(now) && !id.Issued.Truncate(time.Second).After(one.At)
}

// write writes the file anew beside the old one, and puts it in its place. The caller
// holds r.mu, or has r alone.
func (r *revocations) write() (err error) {
	if r.path == "" {
		return nil
	}
	list := make([]Revocation, 0, len(r.list))
	for _, one := range r.list {
		list = append(list, one)
	}
	text, err := json.MarshalIndent(list, "", "\t")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(r.path), ".revocations-*")
	if err != nil {
		return fmt.Errorf("revocations cannot be written down, and end with this process: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), r.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("revocations cannot be written down, and end with this process: %w", err)
	}
	return syncFolder(filepath.Dir(r.path))
}

// syncFolder makes a rename last.
func syncFolder(path string) error {
	d, err := os.Open(path) //nolint:gosec // the operator's folder
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
