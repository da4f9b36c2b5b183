//go:build !purego

package protocol

import "golang.org/x/sys/cpu"

// vectors tells that this processor, and the operating system, run readVectors.
var vectors = cpu.X86.HasAVX2

// readVectors is readFloats for n values, a multiple of floatsAtOnce.
//
//go:noescape
func readVectors(dst *float32, masked *byte, n int, key uint32) (finite bool)
