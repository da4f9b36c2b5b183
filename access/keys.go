package access

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"unicode/utf8"
)

// The algorithms that are known, each the only one for its kind of key.
const (
	hs256 = "HS256"
	rs256 = "RS256"
	es256 = "ES256"
	eddsa = "EdDSA"
)

// algorithmOf is the only algorithm that a public key is used with; empty for keys
// that are not taken.
func algorithmOf(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.Size() >= leastRSA {
			return rs256
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return es256
		}
	case ed25519.PublicKey:
		return eddsa
	}
	return ""
}

const (
	leastRSA    = 2048 / 8 // bytes of the modulus
	leastSecret = 32       // bytes, as many as the hash has (RFC 7518, section 3.2)
	mostKeys    = 16       // in files: each costs a verification of every token
)

// fileKeys are the keys of files: those of one algorithm are all tried.
type fileKeys map[string][]any

// readKeys reads the files of secrets and of public keys.
func readKeys(secrets, publics []string) (fileKeys, error) {
	keys := fileKeys{}
	for _, path := range secrets {
		found, err := ReadSecrets(path)
		if err != nil {
			return nil, err
		}
		for _, secret := range found {
			keys[hs256] = append(keys[hs256], secret)
		}
	}
	for _, path := range publics {
		found, err := readPublicKeys(path)
		if err != nil {
			return nil, err
		}
		for _, key := range found {
			keys[algorithmOf(key)] = append(keys[algorithmOf(key)], key)
		}
	}
	for algorithm, list := range keys {
		if len(list) > mostKeys {
			return nil, fmt.Errorf("there are %d keys for %s; expected at most %d, or every token would take long to check", len(list), algorithm, mostKeys)
		}
	}
	return keys, nil
}

// ReadSecrets reads the secrets of a file, one a line. The first is for signing, all
// are for verifying: a new one is put above the old for as long as tokens live.
func ReadSecrets(path string) ([][]byte, error) {
	text, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	var secrets [][]byte
	for i, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if len(line) < leastSecret {
			return nil, fmt.Errorf("%s, line %d: the secret has %d bytes; expected at least %d, such as openssl rand -hex 32 writes", path, i+1, len(line), leastSecret)
		}
		secrets = append(secrets, bytes.Clone(line))
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%s holds no secret; expected one a line, such as openssl rand -hex 32 writes", path)
	}
	return secrets, nil
}

// readPublicKeys reads PEM blocks: public keys, or certificates, whose keys are meant.
func readPublicKeys(path string) ([]any, error) {
	text, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	var keys []any
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := publicKey(block)
		if err == nil && algorithmOf(key) == "" {
			err = errors.New("it is of a kind that is not taken; expected RSA of 2048 bits or more, ECDSA on P-256, or Ed25519")
		}
		if err != nil {
			return nil, fmt.Errorf("%s, PEM block %d: %w", path, len(keys)+1, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s holds no key; expected PEM, as openssl pkey -pubout writes it", path)
	}
	return keys, nil
}

func publicKey(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return certificate.PublicKey, nil
	}
	if len(block.Type) > 64 || !utf8.ValidString(block.Type) {
		return nil, errors.New("expected a public key")
	}
	return nil, fmt.Errorf("it is a %q; expected a public key: a server that only verifies has no use for another", block.Type)
}
