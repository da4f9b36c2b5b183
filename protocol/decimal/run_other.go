//go:build !amd64 || purego

package decimal

const vectors = false

func runVectors([]float32, []byte) (n, end int) { panic("no vectors") }
