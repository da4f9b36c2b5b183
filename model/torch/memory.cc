//go:build torch && linux && cgo

// Memory for tensors on the processor.
//
// libtorch takes the memory of every tensor from malloc and gives it back when
// the tensor is used up: megabytes in many pieces, for every batch. Batches
// come in every size, and between their tensors lie small things that stay
// (oneDNN compiles a kernel for each size that it meets, and keeps it). So
// malloc's heap gets holes that the next size does not fit: the server of the
// soak test grew for two minutes, to three times what its tensors took. And
// what malloc returns to the kernel meanwhile, the next batch has to map again.
//
// Large pieces are therefore mapped here, beside the heap, and what is used up
// waits for the next tensor that it fits. Memory is then flat after the first
// batches of the largest size.

#include <sys/mman.h>
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <vector>

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include "native.h"

namespace {

constexpr size_t page = 4096;
constexpr size_t large = 64 << 10; // bytes of a tensor; below is malloc's
constexpr size_t loose = 8;        // a piece serves a tensor of an eighth of it, not a smaller one

// piece stands before a tensor's values, and keeps them aligned.
struct alignas(64) piece {
  size_t mapped; // bytes, this among them; 0: malloc's
};

// store has the pieces that are mapped. Those that wait are few, as many as
// the tensors that live at one time.
class store {
public:
  // take returns a piece of whole pages, or nullptr.
  piece *take(size_t bytes) {
    std::lock_guard<std::mutex> guard(mutex);
    piece *taken = reuse(bytes);
    if (!taken) {
      void *fresh = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (fresh == MAP_FAILED) {
        return nullptr;
      }
      taken = static_cast<piece *>(fresh);
      taken->mapped = bytes;
      held += bytes;
    }
    used += taken->mapped;
    most = std::max(most, used);
    return taken;
  }

  // give takes a piece back. Half as much again is held as batches used at
  // their most, so that what no batch asks for any more goes in the end.
  void give(piece *back) {
    std::lock_guard<std::mutex> guard(mutex);
    used -= back->mapped;
    waiting.push_back(back);
    unmap_beyond(most + (most - least) / 2);
  }

  // forget unmaps all that waits. What is in use now, weights above all, does
  // not count as used by batches from here on.
  void forget() {
    std::lock_guard<std::mutex> guard(mutex);
    least = most = used;
    unmap_beyond(used);
  }

private:
  // reuse finds the smallest piece that fits.
  piece *reuse(size_t bytes) {
    auto best = waiting.end();
    for (auto it = waiting.begin(); it != waiting.end(); ++it) {
      const size_t mapped = (*it)->mapped;
      if (mapped >= bytes && mapped / loose <= bytes && (best == waiting.end() || mapped < (*best)->mapped)) {
        best = it;
      }
    }
    if (best == waiting.end()) {
      return nullptr;
    }
    piece *found = *best;
    waiting.erase(best);
    return found;
  }

  // unmap_beyond keeps what came back last.
  void unmap_beyond(size_t bytes) {
    auto it = waiting.begin();
    for (; held > bytes && it != waiting.end(); ++it) {
      held -= (*it)->mapped;
      munmap(*it, (*it)->mapped);
    }
    waiting.erase(waiting.begin(), it);
  }

  std::mutex mutex;
  std::vector<piece *> waiting; // in the order in which they came back
  size_t held = 0;              // bytes that are mapped
  size_t used = 0;              // of these, bytes that tensors have
  size_t least = 0, most = 0;   // of used, since forget
};

// all is never destroyed: tensors that are static in libtorch outlive main.
store &all() {
  static store *pieces = new store;
  return *pieces;
}

void release(void *values) {
  if (!values) {
    return;
  }
  piece *back = static_cast<piece *>(values) - 1;
  if (back->mapped) {
    all().give(back);
  } else {
    free(back);
  }
}

void *reserve(size_t n) {
  if (n > PTRDIFF_MAX - sizeof(piece) - page) {
    return nullptr;
  }
  const size_t bytes = n + sizeof(piece);
  piece *found = nullptr;
  if (n >= large) {
    found = all().take((bytes + page - 1) / page * page);
  } else if (void *small; posix_memalign(&small, alignof(piece), bytes) == 0) {
    found = new (small) piece{0};
  }
  return found ? found + 1 : nullptr;
}

struct allocator final : c10::Allocator {
  c10::DataPtr allocate(size_t n) const override {
    void *values = n > 0 ? reserve(n) : nullptr;
    TORCH_CHECK(values || n == 0, "cannot allocate ", n, " bytes of memory");
    return {values, values, &release, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
};

} // namespace

extern "C" void penstock_torch_memory(void) {
  c10::SetCPUAllocator(new allocator); // which stays for ever
}

extern "C" void penstock_torch_forget(void) { all().forget(); }
