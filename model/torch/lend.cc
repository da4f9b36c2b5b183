//go:build torch && linux && cgo

// How a batch gets into the module: lent, where that cannot be noticed, or
// normalised on the way into memory of the session.

#include <c10/core/CPUAllocator.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/torch.h>
#include <cstring>
#include <memory>

#include "native.h"

// libtorch's own analysis of the program says whether it may write to its
// argument, or to a view of it.
extern "C" int penstock_torch_only_reads(void *module) {
  try {
    auto graph = static_cast<torch::jit::Module *>(module)->get_method("forward").graph()->copy();
    torch::jit::Inline(*graph);
    return !torch::jit::AliasDb(graph).hasWriters(graph->inputs().at(1)); // after self
  } catch (...) {
    return false;
  }
}

extern "C" void *penstock_torch_lend(float *rows, const int64_t *sizes, int dimensions) {
  try {
    return new at::Tensor(torch::from_blob(rows, at::IntArrayRef(sizes, dimensions), at::kFloat));
  } catch (...) {
    return nullptr;
  }
}

extern "C" int penstock_torch_take_back(void *lent) {
  std::unique_ptr<at::Tensor> tensor(static_cast<at::Tensor *>(lent));
  const at::Storage &storage = tensor->storage();
  if (tensor->use_count() == 1 && storage.use_count() == 1) { // no other handle, no view
    return true;
  }
  try { // views find their memory through the storage
    auto own = c10::GetCPUAllocator()->allocate(storage.nbytes());
    memcpy(own.get(), storage.data(), storage.nbytes());
    storage.set_data_ptr_noswap(std::move(own));
    return true;
  } catch (...) {
    return false;
  }
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("O3"), target_clones("avx512f", "avx2", "default")))
#endif
static void
normalise_row(float *__restrict to, const float *__restrict from, const float *__restrict mean, const float *__restrict std, size_t n) {
  for (size_t i = 0; i < n; i++) {
    to[i] = (from[i] - mean[i]) / std[i];
  }
}

extern "C" void penstock_torch_normalise(float *to, const float *from, const float *mean, const float *std, int rows, int features) {
  for (int row = 0; row < rows; row++) {
    const size_t at = static_cast<size_t>(row) * features;
    normalise_row(to + at, from + at, mean, std, features);
  }
}
