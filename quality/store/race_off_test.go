//go:build !race

package store_test

// kills: see race_on_test.go.
const kills = 4
