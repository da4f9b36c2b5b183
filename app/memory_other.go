//go:build !unix

package app

import "math"

// addressSpace returns how much the process may reserve.
func addressSpace() uint64 { return math.MaxUint64 }
