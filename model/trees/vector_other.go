//go:build !amd64

package trees

func vectorKernels() []kernel { return nil }
