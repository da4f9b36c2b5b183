//go:build !amd64

package dense

func vectorKernels() []kernel { return nil }
