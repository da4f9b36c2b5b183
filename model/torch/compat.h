//go:build torch

// compat.h lets gotch v0.7.0, which was generated for libtorch 1.11, compile
// against libtorch 1.11 to 1.13. The build includes it before gotch's own
// sources (see ci/torch.sh), so nothing in the module cache is patched.
//
// libtorch 1.12 and 1.13 removed some operators and changed the arguments of
// others. gotch calls each by its qualified name, torch::name, while libtorch
// declares them in namespace at, which torch sees through a using-directive.
// A declaration in torch itself therefore stands in for a missing operator and
// hides a changed one. Each of these throws when it is called, which gotch
// turns into an error. None of them is on the way of a prediction: a
// TorchScript module calls operators through libtorch's dispatcher, not
// through these names.
#ifndef PENSTOCK_TORCH_COMPAT_H
#define PENSTOCK_TORCH_COMPAT_H
#ifdef __cplusplus

#include <torch/version.h>

#if TORCH_VERSION_MAJOR != 1 || TORCH_VERSION_MINOR < 11 || TORCH_VERSION_MINOR > 13
#error "penstock needs libtorch 1.11, 1.12 or 1.13; this is another version. Install Debian's libtorch-dev, or set LIBTORCH to an unpacked libtorch of these versions."
#endif

#include <stdexcept>
#include <string>
#include <tuple>

#include <torch/torch.h>

namespace penstock_compat {
[[noreturn]] inline void missing(const char *name) {
  throw std::runtime_error(std::string("torch::") + name + " cannot be called through gotch with this version of libtorch");
}
} // namespace penstock_compat

#define PENSTOCK_ONE(name)                                                     \
  template <typename... A> at::Tensor name(A &&...) { penstock_compat::missing(#name); }
#define PENSTOCK_TWO(name)                                                     \
  template <typename... A> std::tuple<at::Tensor, at::Tensor> name(A &&...) { penstock_compat::missing(#name); }
#define PENSTOCK_THREE(name)                                                   \
  template <typename... A> std::tuple<at::Tensor, at::Tensor, at::Tensor> name(A &&...) { penstock_compat::missing(#name); }

namespace torch {
PENSTOCK_ONE(_cat)
PENSTOCK_ONE(_cat_out)
PENSTOCK_ONE(_det_lu_based_helper_backward_helper)
PENSTOCK_ONE(_linalg_inv_out_helper_)
PENSTOCK_ONE(_s_where)
PENSTOCK_ONE(_segment_reduce_backward)
PENSTOCK_ONE(arange_out)
PENSTOCK_ONE(bernoulli_out)
PENSTOCK_ONE(binary_cross_entropy_with_logits_backward)
PENSTOCK_ONE(col2im_backward)
PENSTOCK_ONE(col2im_backward_out)
PENSTOCK_ONE(im2col_backward)
PENSTOCK_ONE(im2col_backward_out)
PENSTOCK_ONE(kl_div_backward)
PENSTOCK_ONE(l1_loss_backward)
PENSTOCK_ONE(l1_loss_backward_out)
PENSTOCK_ONE(l1_loss_out)
PENSTOCK_ONE(matrix_rank)
PENSTOCK_ONE(max_unpool2d_backward)
PENSTOCK_ONE(max_unpool2d_backward_out)
PENSTOCK_ONE(max_unpool3d_backward)
PENSTOCK_ONE(max_unpool3d_backward_out)
PENSTOCK_ONE(nansum)
PENSTOCK_ONE(normal_out)
PENSTOCK_ONE(segment_reduce)

PENSTOCK_TWO(_linalg_qr_helper)
PENSTOCK_TWO(_solve_helper)
PENSTOCK_TWO(_weight_norm_cuda_interface)
PENSTOCK_TWO(_weight_norm_cuda_interface_backward)
PENSTOCK_TWO(eig)
PENSTOCK_TWO(eig_out)
PENSTOCK_TWO(grid_sampler_3d_backward)
PENSTOCK_TWO(lstsq)
PENSTOCK_TWO(lstsq_out)
PENSTOCK_TWO(solve)
PENSTOCK_TWO(solve_out)

PENSTOCK_THREE(_det_lu_based_helper)
} // namespace torch

#undef PENSTOCK_ONE
#undef PENSTOCK_TWO
#undef PENSTOCK_THREE

#endif // __cplusplus
#endif // PENSTOCK_TORCH_COMPAT_H
