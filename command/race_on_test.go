//go:build race

package command

// raceEnabled tells that the race detector runs, with which everything takes
// several times as long.
const raceEnabled = true
