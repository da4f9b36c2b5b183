package dense

import "golang.org/x/sys/cpu"

// vectorKernels returns the kernels in assembly that this processor, and the
// operating system, support.
func vectorKernels() []kernel {
	var found []kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasBMI2 {
		found = append(found, kernel{"avx512", tileSet{16, avx512Tiles}.pack})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		found = append(found, kernel{"avx2", tileSet{8, avx2Tiles}.pack})
	}
	return found
}
