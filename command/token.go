package command

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"penstock/access"
)

// tokenCmd makes tokens for development, and API keys.
type tokenCmd struct {
	SecretFile string        `help:"File of secrets, as serve has in --jwt-secret-file; the first signs." placeholder:"FILE"`
	User       string        `env:"-" help:"Whose it is: the claim sub; required." placeholder:"NAME"`
	Scope      []string      `env:"-" help:"What it grants: predict, feedback, dashboard, notes or admin, each also for one model, such as predict:digits; repeatable. Without --scope and --role: predict, feedback, dashboard and notes." placeholder:"SCOPE" sep:"none"`
	Role       []string      `env:"-" help:"A role of serve's --roles; repeatable." placeholder:"NAME" sep:"none"`
	Group      []string      `env:"-" help:"A group that may be joined; repeatable." placeholder:"NAME" sep:"none"`
	Expires    time.Duration `env:"-" above:"0s" default:"1h" help:"How long it is valid; at most 366 days."`
	ID         string        `name:"id" env:"-" help:"The claim jti, by which it is revoked. Default: a random one." placeholder:"ID"`
	Issuer     string        `env:"-" help:"The claim iss." placeholder:"NAME"`
	Audience   string        `env:"-" help:"The claim aud." placeholder:"NAME"`
	APIKey     bool          `name:"api-key" env:"-" help:"Make a static key, and print it with its entry for serve's --api-keys-file. It is valid until it is removed there."`
}

// Run prints the token.
func (c tokenCmd) Run() error {
	if len(c.Scope)+len(c.Role) == 0 {
		c.Scope = []string{"predict", "feedback", "dashboard", "notes"}
	}
	for _, scope := range c.Scope {
		if !access.ValidScope(scope) {
			return fmt.Errorf("--scope %q: expected predict, feedback, dashboard, notes or admin, or one of them with a model, such as predict:digits", scope)
		}
	}
	if !access.ValidUser(c.User) {
		return fmt.Errorf("--user %q: expected a name of 1 to 128 bytes that can be shown, without spaces at its ends", c.User)
	}
	if c.APIKey {
		return c.printAPIKey()
	}
	if c.SecretFile == "" {
		return errors.New("--secret-file is missing: expected the file that serve has in --jwt-secret-file; make one with: openssl rand -hex 32 > secret")
	}
	secrets, err := access.ReadSecrets(c.SecretFile)
	if err != nil {
		return fmt.Errorf("--secret-file: %w", err)
	}
	now := time.Now()
	token, err := access.Mint(secrets[0], access.Token{
		User: c.User, ID: c.ID, Scopes: c.Scope, Roles: c.Role, Groups: c.Group, Issuer: c.Issuer, Audience: c.Audience,
		Issued: now, Expires: now.Add(c.Expires),
	})
	if err != nil {
		return fmt.Errorf("--expires %v: %w", c.Expires, err)
	}
	_, err = fmt.Println(token)
	return err
}

// printAPIKey prints a new key, and what a file of keys must have of it.
func (c tokenCmd) printAPIKey() error {
	key, hash := access.NewAPIKey()
	entry := struct {
		User   string   `yaml:"user"`
		SHA256 string   `yaml:"sha256"`
		Scopes []string `yaml:"scopes,flow"`
		Roles  []string `yaml:"roles,flow,omitempty"`
		Groups []string `yaml:"groups,flow,omitempty"`
	}{c.User, hash, c.Scope, c.Role, c.Group}
	text, err := yaml.Marshal([]any{entry})
	if err != nil {
		return err
	}
	if _, err := fmt.Println(key); err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stderr, "The key is shown this once. Add below keys: in the file of --api-keys-file:\n%s",
		"  "+strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n  ")+"\n")
	return err
}
