package dense

import "golang.org/x/sys/cpu"

// vectorKernels returns the kernels in assembly that this processor, and the
// operating system, support.
func vectorKernels() []kernel {
	var found []kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasBMI2 {
		found = append(found, tileSet{16, avx512Far, avx512Near, avx512Find, avx512Compact, avx512Softmax}.kernel("avx512"))
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		found = append(found, tileSet{8, avx2Far, avx2Near, nil, nil, avx2Softmax}.kernel("avx2"))
	}
	return found
}

func (set tileSet) kernel(name string) kernel { return kernel{name, set.pack, set.softmax} }
