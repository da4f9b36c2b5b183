//go:build race

package store_test

// kills is how often TestKill9 kills a child: with the race detector each takes seconds.
const kills = 2
