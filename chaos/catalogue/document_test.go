//go:build linux

package catalogue_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

//go:generate go test . -run ^TestSecurityDocument$ -update

var update = flag.Bool("update", false, "write docs/security.md again")

// intro is what the table cannot say.
const intro = `# Security

What Penstock protects, from whom, and what it does when it is sent what nobody should send. How to report a hole is in [SECURITY.md](../SECURITY.md), how to run a server for others in [operations.md](operations.md).

This page is written by ` + "`go generate ./chaos/catalogue`" + ` from the tests that try it.

- [Who is trusted with what](#who-is-trusted-with-what)
- [Defaults](#defaults)
- [What is not protected](#what-is-not-protected)
- [What is tried](#what-is-tried)

## Who is trusted with what

| who | is trusted with | is not trusted with |
|---|---|---|
| anybody who can connect | nothing: a few handshakes a second, one small message within 5 s, health | memory, time, log lines, metric series, what others see |
| a user with a token | what the token's scopes grant, as much as the user's limits allow | other users' requests, labels and notices; more than a user's share of batches, queue and memory, however many sockets; the truth of labels |
| an identity provider, whoever has a signing secret | who users are and what they may do | which key or algorithm a token is verified with: each key has one algorithm, and nothing in a token is followed |
| a trusted proxy (` + "`--trusted-proxy`" + `) | whom it speaks for, and whether they came by TLS | anything else |
| a page of another site | nothing, unless its origin is named | – |
| an operator at the admin address | metrics, profiles, notices, revocation | reading tokens: secrets and tokens are in no output |
| whoever writes the server's files | all of it. Models are checked before they are served, but what they compute is theirs | – |

A token is looked at only when it has at most 8 KiB. It must be signed by HS256, RS256, ES256 or EdDSA with a key of that kind, name its user and end within 366 days, and be for this issuer and audience where these are set. Every refusal reads the same, whatever was wrong; the reason is in ` + "`penstock_access_refusals_total`" + ` and in the log. Tokens, keys and the query that a token came in are in no log line, metric, error or page.

## Defaults

- The server listens on loopback only and knows everybody as ` + "`anonymous`" + `. It refuses to listen further without ` + "`--auth token`" + ` or ` + "`--allow-anonymous`" + `, and the admin address without a token of its own or ` + "`--allow-open-admin`" + `.
- Pages of other origins and requests for other hosts are refused.
- Compression is off: no message can inflate. A message has at most 1 MiB, and must be whole after 10 s.
- A user has a quarter of all connections at most, and an equal share of batches, queue and memory. Rows and bytes a second are unlimited until ` + "`--rows-per-second`" + ` and ` + "`--bytes-per-second`" + ` are set.
- Nobody is granted anything that neither the token nor the roles file names.

## What is not protected

- Without TLS, here or at a proxy, whoever is on the way reads and changes all of it, tokens too.
- A token is good for whoever has it until it ends or is revoked. There is no binding to a client; client certificates are.
- Labels are believed as they come. Dashboards show who gave most of them, and alert when one user gives nearly all.
- What a model gives away about the data it was trained on, to who may ask it.
- The bandwidth of the machine, and connections below this process, such as floods of SYN.
- Other users of the same machine who may read its files or memory.

## What is tried

Each row is a test against the whole program, with tokens asked for, beside healthy clients that must get every answer, bit for bit, while it runs; afterwards the process must hold no more than before. All of them run twice in one process. One of them: ` + "`go test ./chaos/catalogue -run 'TestCatalogue$/NAME'`" + `, with ` + "`_`" + ` for each space of its name. E: is a typed error, which leaves the socket open. Where time is of the essence, a test elsewhere tries it on a clock of its own.
`

// document is docs/security.md.
func document() []byte {
	var b bytes.Buffer
	b.WriteString(intro)
	for _, p := range catalogue() {
		fmt.Fprintf(&b, "\n### %s\n\n| no. | what is sent | what happens | test |\n|---|---|---|---|\n", p.title)
		entries := slices.Clone(p.entries)
		slices.SortStableFunc(entries, func(a, b entry) int { return a.row - b.row })
		for _, e := range entries {
			test := e.name
			if e.seen != "" {
				folder, name, _ := strings.Cut(e.seen, " ")
				test = "`" + name + "` in `" + folder + "`"
			}
			fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", e.row, e.sent, e.happens, test)
		}
	}
	return b.Bytes()
}

// TestSecurityDocument: the document says what is tried.
func TestSecurityDocument(t *testing.T) {
	const path = "../../docs/security.md"
	if *update {
		must(t, os.WriteFile(path, document(), 0o644))
		return
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, document()) {
		t.Errorf("%s is not what the catalogue says (%v); run go generate ./chaos/catalogue and look at the difference", path, err)
	}
}
