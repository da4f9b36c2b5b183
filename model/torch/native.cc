//go:build torch && linux && cgo

// What Penstock asks of libtorch beside gotch. No exception leaves a function
// here: one that reached Go would end the process.

#include <dlfcn.h>
#include <cstdlib>
#include <cstring>

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include "native.h"

extern "C" char *penstock_torch_config(void) {
  try {
    return strdup(at::show_config().c_str());
  } catch (...) {
    return nullptr;
  }
}

// libtorch sets OpenMP's number, which belongs to the thread, and MKL's. It
// knows nothing of OpenBLAS, which Debian's libtorch calls through the common
// BLAS interface and which would start as many threads as there are
// processors for every worker.
extern "C" void penstock_torch_threads(int n) {
  try {
    at::set_num_threads(n);
  } catch (...) {
  }
  using set_threads = void (*)(int);
  if (auto set = reinterpret_cast<set_threads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
    set(n);
  }
}

// OpenBLAS chooses its kernels by the processor's model number. Debian's does
// not know models of after 2022, takes its slowest kernels for them
// ("Prescott", of 2004) and is three times slower than the processor allows.
// It is then made to choose again, by what the processor says that it can do.
// These are OpenBLAS's own functions for that, exported but undocumented;
// where they are missing, or OPENBLAS_CORETYPE is set, nothing is done.
static void choose_blas_kernels() {
#if defined(__x86_64__)
  using name_of = char *(*)(void);
  using action = void (*)(void);
  auto name = reinterpret_cast<name_of>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  auto quit = reinterpret_cast<action>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_quit"));
  auto init = reinterpret_cast<action>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init"));
  if (!name || !quit || !init || getenv("OPENBLAS_CORETYPE") || strcmp(name(), "Prescott") != 0) {
    return;
  }
  __builtin_cpu_init();
  const char *able = nullptr;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    able = "SkylakeX";
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    able = "Haswell";
  }
  if (able) {
    setenv("OPENBLAS_CORETYPE", able, 1);
    quit();
    init();
    unsetenv("OPENBLAS_CORETYPE");
  }
#endif
}

extern "C" void penstock_torch_prepare(void) {
  try {
    torch::jit::getProfilingMode() = false;
  } catch (...) {
  }
  penstock_torch_memory();
  choose_blas_kernels();
}
