//go:build torch && linux && cgo

#ifndef PENSTOCK_TORCH_NATIVE_H
#define PENSTOCK_TORCH_NATIVE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// penstock_torch_config returns what libtorch says of its build, for the
// caller to free, or NULL.
char *penstock_torch_config(void);

// penstock_torch_threads says how many threads one operator may use when it is
// called on this OS thread.
void penstock_torch_threads(int n);

// penstock_torch_memory has tensors on the processor take their memory from
// memory.cc. It is called once, before the first tensor is made.
void penstock_torch_memory(void);

// penstock_torch_forget returns to the kernel what is kept for coming tensors.
void penstock_torch_forget(void);

// penstock_torch_only_reads tells whether a module is sure not to write to the
// tensor that it is given.
int penstock_torch_only_reads(void *module);

// penstock_torch_lend makes a tensor of memory that stays the caller's, or
// returns NULL.
void *penstock_torch_lend(float *rows, const int64_t *sizes, int dimensions);

// penstock_torch_take_back frees a lent tensor. A module that kept it is given
// a copy of the memory; where there is none to be had it returns 0.
int penstock_torch_take_back(void *lent);

// penstock_torch_normalise writes (from − mean) / std, where mean and std have
// one value for each feature.
void penstock_torch_normalise(float *to, const float *from, const float *mean, const float *std, int rows, int features);

// penstock_torch_prepare sets what the process has one of. It is called once,
// before anything else has used the BLAS.
void penstock_torch_prepare(void);

#ifdef __cplusplus
}
#endif
#endif
