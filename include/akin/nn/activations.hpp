// SPDX-License-Identifier: Apache-2.0
// Activations as objects: called like functions, and handed to a tower as its choice.
#pragma once

#include <akin/expr/elementwise.hpp>

#include <numbers>

namespace akin::inline v0 {

struct gelu_function {
  template <class A>
  constexpr expr<real, A> operator()(expr<real, A> x) const { return 0.5 * x * (1 + erf(x * (1 / std::numbers::sqrt2))); }
};
struct tanh_gelu_function {
  template <class A>
  constexpr expr<real, A> operator()(expr<real, A> x) const {
    return 0.5 * x * (1 + tanh((std::numbers::sqrt2 * std::numbers::inv_sqrtpi) * (x + 0.044715 * (x * x * x))));
  }
};
struct quick_gelu_function {
  template <class A>
  constexpr expr<real, A> operator()(expr<real, A> x) const { return x * sigmoid(1.702 * x); }
};

/// x times the standard normal distribution at x, exact. Weights of LAION, DataComp and SigLIP are trained with it.
/// shapes:   [A] -> [A]
/// gradient: normal distribution at x + x times its density
/// source:   Hendrycks and Gimpel 2016
inline constexpr gelu_function gelu;

/// gelu with a tanh in the place of the error function: at most 5e-4 from it. The weights of SigLIP 2 are trained with it.
/// shapes:   [A] -> [A]
/// source:   Hendrycks and Gimpel 2016, section 2
inline constexpr tanh_gelu_function tanh_gelu;

/// x sigmoid(1.702 x). The weights of OpenAI, MetaCLIP and DFN are trained with it; with the other of the two a model runs and is
/// silently worse (ViT-B/32 on LAION-400M: 62.93 against 60.24 percent on ImageNet).
/// shapes:   [A] -> [A]
/// source:   https://github.com/openai/CLIP, model.py
inline constexpr quick_gelu_function quick_gelu;

}  // namespace akin::inline v0
