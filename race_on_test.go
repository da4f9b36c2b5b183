//go:build race

package main

// raceEnabled tells that the race detector runs, with which everything takes
// several times as long.
const raceEnabled = true
