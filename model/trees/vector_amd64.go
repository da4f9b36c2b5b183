package trees

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

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
	if cpu.X86.HasBMI2 {
		found = append(found, kernel{"nodes-bmi2", func(f *Forest) (layout, [][]int32) { return compileNodes(f, downBMI2) }})
	}
	return found
}

// downBMI2 is nodesWalker.down without checks: what New checked keeps every walk
// within its slices.
func downBMI2(w *nodesWalker, at []uint32, walks []walk) {
	if len(walks) == 0 {
		return
	}
	var keys *int32
	if len(w.keys) > 0 { // else every tree is a leaf
		keys = &w.keys[0]
	}
	downX86(&at[0], &walks[0].node, len(walks), (*uint64)(unsafe.Pointer(&w.all[0])), keys, uint32(w.shift), 1<<w.shift-1)
}
