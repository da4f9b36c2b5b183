// Package suites pins the Go modules whose files the tests read: test vectors that
// others made. It is a module of its own, so that nobody who builds Penstock downloads
// them, and has no code.
package suites

import _ "github.com/c2sp/wycheproof" // what access/ verifies is compared with it
