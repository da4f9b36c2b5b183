//go:build race

package shift_test

// slower is how many times fewer trials there are while the race detector runs, with
// which arithmetic takes ten times as long.
const slower = 5
