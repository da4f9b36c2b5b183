package trees

import "golang.org/x/sys/cpu"

// vectorKernels returns the kernels in assembly that this processor, and the
// operating system, support.
func vectorKernels() []kernel {
	var found []kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasPOPCNT {
		found = append(found, kernel{"avx512", heapSet{lanes: 32, rank: avx512Rank, block: avx512Block, row: avx512Row, alone: 12}.compile})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT {
		found = append(found, kernel{"avx2", heapSet{lanes: 16, rank: avx2Rank, block: avx2Block}.compile})
	}
	return found
}
