//go:build !amd64 || purego

package protocol

const vectors = false

func readVectors(*float32, *byte, int, uint32) bool { panic("no vectors") }
