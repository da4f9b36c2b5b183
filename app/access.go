package app

import (
	"cmp"
	"fmt"

	"penstock/access"
	"penstock/reload"
	"penstock/server/accept"
)

// validateAccess refuses doors that stand open by mistake, and flags that would lock
// none.
func (o Options) validateAccess() error {
	switch o.Auth {
	case AuthNone:
		if err := loopbackOnly("--listen", o.Listen); err != nil && !o.AllowAnonymous {
			return fmt.Errorf("%w: anybody who reaches it could use the models; ask for tokens with --auth token, or add --allow-anonymous if that is meant", err)
		}
		for _, f := range []struct {
			flag string
			set  bool
		}{
			{"--jwt-secret-file", len(o.JWTSecretFiles) > 0}, {"--jwt-public-key", len(o.JWTPublicKeys) > 0}, {"--jwks-url", o.JWKSURL != ""},
			{"--jwt-issuer", o.JWTIssuer != ""}, {"--jwt-audience", o.JWTAudience != ""}, {"--api-keys-file", o.APIKeysFile != ""},
			{"--roles", o.Roles != ""}, {"--max-per-user", o.MaxPerUser > 0},
		} {
			if f.set {
				return fmt.Errorf("%s is for --auth token, and --auth is none: nobody would be asked for a token", f.flag)
			}
		}
	case AuthToken:
		if o.AllowAnonymous {
			return fmt.Errorf("--allow-anonymous contradicts --auth token; leave one of them out")
		}
	default:
		return fmt.Errorf("--auth %q: expected none or token", o.Auth)
	}
	return nil
}

// guard makes who lets callers in, and what has it read its files again.
func (a *App) guard() (err error) {
	o := &a.options
	a.access, err = access.New(access.Options{
		Tokens: o.Auth == AuthToken, SecretFiles: o.JWTSecretFiles, PublicKeyFiles: o.JWTPublicKeys, JWKSURL: o.JWKSURL,
		Certificates: o.TLSClientCA != "", Issuer: o.JWTIssuer, Audience: o.JWTAudience, APIKeysFile: o.APIKeysFile, PolicyFile: o.Roles, DataDir: o.DataDir,
		Limits: access.Limits{
			Sockets: o.perUser(a.plan), RowsPerSecond: o.RowsPerSecond, BytesPerSecond: o.BytesPerSecond,
		},
		Log: a.logger,
	})
	if err != nil {
		return err
	}
	if files := a.access.Files(); len(files) > 0 {
		a.keys, err = reload.New(files, a.access.Reload, a.logger)
	}
	return err
}

func (o Options) perUser(plan accept.Plan) int {
	return cmp.Or(o.MaxPerUser, max(1, plan.WebSockets/4))
}
