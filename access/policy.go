package access

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Limits are what one user may take. Zero is no limit, and for Weight 1; in a UserPolicy
// it is what holds for all.
type Limits struct {
	// Weight is the user's part of the batches and of the queue, beside others'.
	Weight int `yaml:"weight"`
	// Sockets is how many connections the user may have open.
	Sockets int `yaml:"sockets"`
	// RowsPerSecond and BytesPerSecond bound what the user may send, over all
	// connections; so much may come at once.
	RowsPerSecond  int `yaml:"rows-per-second"`
	BytesPerSecond int `yaml:"bytes-per-second"`
}

// Policy is what a roles file says: roles as named sets of scopes, the scopes of those
// whose token names neither a scope nor a role, and what is particular to single users.
type Policy struct {
	Roles   map[string][]string   `yaml:"roles"`
	Default []string              `yaml:"default"`
	Users   map[string]UserPolicy `yaml:"users"`
}

// UserPolicy is what is particular to one user: roles and groups besides those of the
// token, and limits in place of the general ones.
type UserPolicy struct {
	Limits `yaml:",inline"`
	Roles  []string `yaml:"roles"`
	Groups []string `yaml:"groups"`
}

// largestFile is what a file of keys, roles or users may have.
const largestFile = 16 << 20

// readSmall reads a file that a person wrote.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the file that the operator names
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, largestFile+1))
	if err == nil && len(text) > largestFile {
		err = fmt.Errorf("%s has more than %d bytes", path, largestFile)
	}
	return text, err
}

// ReadPolicy reads a roles file.
func ReadPolicy(path string) (*Policy, error) {
	text, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	p, err := ParsePolicy(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// ParsePolicy reads what stands in a roles file.
func ParsePolicy(text []byte) (*Policy, error) {
	p := &Policy{}
	if err := parseYAML(text, p); err != nil {
		return nil, err
	}
	for name, scopes := range p.Roles {
		if err := checkScopes(scopes); err != nil {
			return nil, fmt.Errorf("role %q: %w", name, err)
		}
	}
	if err := checkScopes(p.Default); err != nil {
		return nil, fmt.Errorf("default: %w", err)
	}
	for name, u := range p.Users {
		if err := p.check(u); err != nil {
			return nil, fmt.Errorf("user %q: %w", name, err)
		}
	}
	return p, nil
}

// parseYAML reads one document with known fields alone.
func parseYAML(text []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("holds more than one document; leave one")
	}
	return nil
}

func checkScopes(scopes []string) error {
	for _, scope := range scopes {
		if !ValidScope(scope) {
			return fmt.Errorf("scope %q: expected one of %s, or one of them with a model, such as predict:digits", scope, strings.Join(actionNames[:], ", "))
		}
	}
	return nil
}

// mostWeight keeps a round over all callers short.
const mostWeight = 1000

func (p *Policy) check(u UserPolicy) error {
	for _, role := range u.Roles {
		if _, ok := p.Roles[role]; !ok {
			return fmt.Errorf("role %q is not among roles, which has %s", role, strings.Join(slices.Sorted(maps.Keys(p.Roles)), ", "))
		}
	}
	if u.Weight < 0 || u.Weight > mostWeight {
		return fmt.Errorf("weight %d: expected at least 1 and at most %d", u.Weight, mostWeight)
	}
	if u.Sockets < 0 || u.RowsPerSecond < 0 || u.BytesPerSecond < 0 {
		return errors.New("sockets, rows-per-second and bytes-per-second: expected a number above 0, or 0 for what holds for all")
	}
	return nil
}

// grants are what an identity may do by this policy.
func (p *Policy) grants(id *Identity) *Grants {
	scopes := slices.Clone(id.scopes)
	for _, role := range slices.Concat(id.roles, p.Users[id.User].Roles) {
		scopes = append(scopes, p.Roles[role]...)
	}
	if len(id.scopes) == 0 && len(id.roles) == 0 && len(p.Users[id.User].Roles) == 0 {
		scopes = p.Default
	}
	return Grant(scopes...)
}

// groups are those that an identity may join.
func (p *Policy) groups(id *Identity) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(id.groups, p.Users[id.User].Groups))))
}

// limits are a user's, where the file has none of its own the general ones.
func (p *Policy) limits(user string, general Limits) Limits {
	u, l := p.Users[user].Limits, general
	for _, n := range []struct{ own, out *int }{
		{&u.Weight, &l.Weight}, {&u.Sockets, &l.Sockets}, {&u.RowsPerSecond, &l.RowsPerSecond}, {&u.BytesPerSecond, &l.BytesPerSecond},
	} {
		if *n.own != 0 {
			*n.out = *n.own
		}
	}
	l.Weight = max(l.Weight, 1)
	return l
}
