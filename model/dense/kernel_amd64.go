package dense

import "golang.org/x/sys/cpu"

// vectorKernels returns the kernels in assembly that this processor, and the
// operating system, support.
func vectorKernels() []kernel {
	var found []kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasBMI2 {
		found = append(found, tileSet{16, avx512Gather, avx512Rows, avx512Tiles, avx512Near, avx512Softmax}.kernel("avx512"))
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		found = append(found, tileSet{8, nil, avx2Rows, avx2Tiles, avx2Near, avx2Softmax}.kernel("avx2"))
	}
	return found
}

func (set tileSet) kernel(name string) kernel { return kernel{name, set.pack, set.softmax} }
