// SPDX-License-Identifier: Apache-2.0
// Heads that take a tower's feature to the space in which pairs are compared.
#pragma once

#include <akin/nn/linear.hpp>

#include <string_view>

namespace akin::inline v0 {

/// One matrix, name [in, embed], as at the end of CLIP's towers.
/// shapes:   [A, in] -> [A, embed]
/// values:   starts normal with deviation 1 / sqrt(|in|)
/// source:   Radford et al. 2021, Figure 3 (W_i, W_t); section 2.3 finds no difference to the non-linear one
template <text Name, class Axes, some_axis In, some_axis Embed>
constexpr auto linear_projection(model& m, expr<real, Axes> x, In in, Embed embed) {
  return dot(x, m.parameter<Name>(initial::normal(1, in), in, embed), over(in));
}

/// Two layers with a relu between them: name.0.*, name.2.*, as PyTorch numbers the parts of a Sequential.
/// shapes:   [A, in] -> [A, embed]
/// source:   Chen et al. 2020 (SimCLR), section 4.2
template <class Axes, some_axis In, some_axis Hidden, some_axis Embed>
constexpr auto nonlinear_projection(model& m, std::string_view name, expr<real, Axes> x, In in, Hidden hidden, Embed embed) {
  const auto scope = m.scope(name);
  return linear(m, "2", relu(linear(m, "0", x, in, hidden)), hidden, embed);
}

}  // namespace akin::inline v0
