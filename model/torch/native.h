//go:build torch && linux && cgo

#ifndef PENSTOCK_TORCH_NATIVE_H
#define PENSTOCK_TORCH_NATIVE_H
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

// penstock_torch_prepare sets what the process has one of. It is called once,
// before anything else has used the BLAS.
void penstock_torch_prepare(void);

#ifdef __cplusplus
}
#endif
#endif
