//go:build !race

package shift_test

// slower: see race_on_test.go.
const slower = 1
